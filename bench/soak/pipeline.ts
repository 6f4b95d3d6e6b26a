import { connect, type Socket } from "node:net";

/** What came of a client that sends several requests before it reads an answer. */
export interface PipelineReport {
  answers: number;
  connections: number;
  failures: string[];
}

const batch = 8;
const pauseMs = 50;
const answersWithinMs = 30_000;

interface Answer {
  status: number;
  version: number;
  n: string;
  closes: boolean;
}

/** Sends batches until the signal comes. Answers must come whole, in order, and from no version older than one seen before. */
export async function runPipeline(port: number, signal: AbortSignal): Promise<PipelineReport> {
  const report: PipelineReport = { answers: 0, connections: 0, failures: [] };
  let next = 0;
  let floor = 0;
  while (!signal.aborted) {
    const connection = new Reader(connect(port, "127.0.0.1"));
    report.connections += 1;
    try {
      while (!signal.aborted && !connection.closing) {
        const numbers = Array.from({ length: batch }, (_, index) => String(next + index));
        next += batch;
        connection.send(numbers.map((n) => `GET /?n=${n} HTTP/1.1\r\nHost: soak\r\n\r\n`).join(""));
        let newest = floor;
        for (const n of numbers) {
          const answer = await connection.answer();
          const wrong = wrongIn(answer, n, floor);
          if (wrong) report.failures.push(wrong);
          newest = Math.max(newest, answer.version);
          report.answers += 1;
          // What is behind the last answer of a connection is not answered (RFC 9112 section 9.3.2).
          if (answer.closes) break;
        }
        floor = newest;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } catch (error) {
      report.failures.push(error instanceof Error ? error.message : String(error));
    } finally {
      connection.end();
    }
  }
  return report;
}

/** Pure. */
export function wrongIn(answer: Answer, n: string, floor: number): string | null {
  if (answer.status !== 200) return `status ${answer.status}`;
  if (answer.n !== n) return `the answer to ${answer.n} came in the place of that to ${n}`;
  if (answer.version < floor) return `version ${answer.version} after ${floor}`;
  return null;
}

/** First answer in received bytes, and where it ends; null while it is not whole. Pure. */
export function parseAnswer(text: string): { answer: Answer; end: number } | null {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const fields = text.slice(0, head + 2);
  const end = head + 4 + Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(fields)?.[1] ?? 0);
  if (text.length < end) return null;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(fields)?.[1] ?? 0);
  const closes = /\r\nconnection: *close\r\n/i.test(fields);
  const body = text.slice(head + 4, end);
  const told = (status === 200 ? JSON.parse(body) : {}) as { version?: string; n?: string };
  return { answer: { status, version: Number(told.version ?? 0), n: told.n ?? "", closes }, end };
}

/** A connection whose answers are taken one by one. */
class Reader {
  /** The server has said that it will close. */
  closing = false;
  readonly #socket: Socket;
  #text = "";
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1").setNoDelay(true);
    socket.setTimeout(answersWithinMs, () => socket.destroy());
    socket.on("data", (chunk: string) => {
      this.#text += chunk;
      this.#change();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#ended = true;
      this.#change();
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** @throws when the connection ends before */
  async answer(): Promise<Answer> {
    for (;;) {
      const parsed = parseAnswer(this.#text);
      if (parsed) {
        this.#text = this.#text.slice(parsed.end);
        this.closing ||= parsed.answer.closes;
        return parsed.answer;
      }
      if (this.#ended)
        throw new Error("a connection with pipelined requests ended before they were answered");
      await this.#changed.promise;
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

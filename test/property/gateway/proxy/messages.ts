import { Buffer } from "node:buffer";
import fc from "fast-check";

/** How a request is made, and what its target answers. */
export interface Script {
  method: "GET" | "HEAD" | "POST" | "PUT";
  /** It asks for an upgrade, which the target agrees to: both then say `upgraded` bytes, and end. */
  upgraded: number | null;
  /** Version of the client. */
  minor: 0 | 1;
  /** Null for none; one size for a length, several for chunks. */
  body: number[] | null;
  /** Expect: 100-continue. */
  expects: boolean;
  /** The client asks for the connection to be kept (HTTP/1.0) or closed (HTTP/1.1). */
  otherwise: boolean;
  answer: Answer;
}

export interface Answer {
  status: 200 | 204 | 304;
  framing: "length" | "chunked" | "close";
  sizes: number[];
  /** Interim responses before it. */
  interim: number[];
  /** It asks for its connection to be closed. */
  closes: boolean;
  /** A field that Connection names, which goes no further. */
  named: boolean;
  events: boolean;
  /** It comes before the request's body was read. */
  early: boolean;
}

const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40) },
  { weight: 2, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.constantFrom(17_000, 70_000) },
);

const rarely = fc.integer({ min: 0, max: 5 }).map((number) => number === 5);

const answers: fc.Arbitrary<Answer> = fc.record({
  status: fc.constantFrom<200 | 204 | 304>(200, 200, 200, 204, 304),
  framing: fc.constantFrom("length", "chunked", "close"),
  sizes: fc.array(size, { maxLength: 3 }),
  interim: fc.array(fc.constantFrom(100, 103), { maxLength: 2 }),
  closes: rarely,
  named: rarely,
  events: rarely,
  early: rarely,
});

export const scripts: fc.Arbitrary<Script> = fc
  .record({
    method: fc.constantFrom<Script["method"]>("GET", "HEAD", "POST", "PUT"),
    minor: fc.constantFrom<0 | 1>(1, 1, 1, 0),
    body: fc.option(fc.array(size, { minLength: 1, maxLength: 3 })),
    expects: rarely,
    otherwise: rarely,
    answer: answers,
    upgraded: fc.option(size, { freq: 8 }),
  })
  .map((script) => ({
    ...script,
    upgraded: script.minor === 1 && script.method === "GET" ? script.upgraded : null,
    // Neither are chunks of HTTP/1.0, nor has GET a body here.
    body: script.method === "GET" || script.method === "HEAD" ? null : lengthOnly(script.minor, script.body),
    expects: script.expects && script.minor === 1,
  }));

function lengthOnly(minor: number, body: number[] | null): number[] | null {
  return minor === 0 && body !== null ? body.slice(0, 1) : body;
}

/** What a client says once its upgrade is agreed to, and what its target says. */
export function upgradedBytes(id: string, script: Script, way: "up" | "down"): Buffer {
  return content(`${id}-${way}`, [script.upgraded ?? 0]);
}

/** The content that belongs to a request or an answer. */
export function content(id: string, sizes: readonly number[]): Buffer {
  const length = sizes.reduce((sum, one) => sum + one, 0);
  const pattern = `<${id}>`;
  return Buffer.from(pattern.repeat(Math.ceil(length / pattern.length) + 1).slice(0, length), "latin1");
}

export function eventContent(id: string, sizes: readonly number[]): Buffer {
  return Buffer.from(sizes.map((one) => `data: ${id}${"x".repeat(one)}\n\n`).join(""), "latin1");
}

function chunked(bytes: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const one of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + one);
    at += piece.length;
    if (piece.length > 0)
      parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

export function requestBytes(id: string, script: Script): Buffer {
  const { method, minor, body, expects, otherwise } = script;
  const lines = [`${method} /${id} HTTP/1.${minor}`, "Host: h", "User-Agent: property"];
  if (script.upgraded !== null) lines.push("Connection: upgrade", "Upgrade: echo");
  else if (expects) lines.push("Expect: 100-continue");
  if (otherwise && script.upgraded === null)
    lines.push(minor === 1 ? "Connection: close" : "Connection: keep-alive");
  const bytes = content(id, body ?? []);
  const chunks = body !== null && body.length > 1;
  if (chunks) lines.push("Transfer-Encoding: chunked");
  else if (body !== null) lines.push(`Content-Length: ${bytes.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return Buffer.concat([head, chunks ? chunked(bytes, body) : bytes]);
}

/** The content that the client of a request is to get. */
export function answerContent(id: string, script: Script): Buffer {
  const { method, answer } = script;
  if (script.upgraded !== null) return upgradedBytes(id, script, "down");
  if (method === "HEAD" || answer.status !== 200) return Buffer.alloc(0);
  return answer.events && answer.framing !== "length"
    ? eventContent(id, answer.sizes)
    : content(id, answer.sizes);
}

/** What a target says, and whether it closes its connection then. */
export function answerBytes(id: string, script: Script): { bytes: Buffer; closes: boolean } {
  const { method, answer } = script;
  if (script.upgraded !== null) {
    const head = `HTTP/1.1 101 Switching\r\nX-Id: ${id}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`;
    return { bytes: Buffer.concat([Buffer.from(head), upgradedBytes(id, script, "down")]), closes: true };
  }
  const lines: string[] = [];
  for (const status of answer.interim) lines.push(`HTTP/1.1 ${status} Early`, "Link: </a>", "");
  lines.push(`HTTP/1.1 ${answer.status} Fine`, `X-Id: ${id}`);
  if (answer.named) lines.push("Connection: x-drop", "X-Drop: 1");
  if (answer.closes) lines.push("Connection: close");
  if (answer.events) lines.push("Content-Type: text/event-stream");
  const bytes = answerContent(id, script);
  const bare = method === "HEAD" || answer.status !== 200;
  if (answer.framing === "chunked" && answer.status !== 204) lines.push("Transfer-Encoding: chunked");
  else if (answer.framing === "length" && answer.status === 200) {
    lines.push(`Content-Length: ${bare ? 7 : bytes.length}`);
  }
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  const body = !bare && answer.framing === "chunked" ? chunked(bytes, answer.sizes) : bytes;
  const untilClose = !bare && answer.framing === "close";
  return { bytes: Buffer.concat([head, body]), closes: answer.closes || untilClose };
}

/** A message as far as it is there. */
export interface Message {
  first: string;
  fields: Map<string, string>;
  body: Buffer;
  whole: boolean;
  /** Only the connection's end ends it. */
  untilClose: boolean;
  end: number;
}

/** Reads a message from `start` on; null when its head is not whole. A simple reader of its own. */
export function readMessage(
  bytes: Buffer,
  start: number,
  bare: (first: string) => boolean,
  isRequest: boolean,
): Message | null {
  const headEnd = bytes.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return null;
  const [first = "", ...lines] = bytes.toString("latin1", start, headEnd).split("\r\n");
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const from = headEnd + 4;
  const message = { first, fields, untilClose: false };
  const length = fields.get("content-length");
  const rest = bytes.subarray(from);
  if (fields.has("upgrade")) return { ...message, body: rest, whole: true, end: bytes.length };
  if (bare(first)) return { ...message, body: Buffer.alloc(0), whole: true, end: from };
  if (fields.get("transfer-encoding") === "chunked") return { ...message, ...readChunks(bytes, from) };
  if (length !== undefined || isRequest) {
    const end = from + Number(length ?? 0);
    return { ...message, body: bytes.subarray(from, end), whole: end <= bytes.length, end };
  }
  return { ...message, body: bytes.subarray(from), whole: false, untilClose: true, end: bytes.length };
}

function readChunks(bytes: Buffer, from: number): { body: Buffer; whole: boolean; end: number } {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf("\r\n", at);
    const partial = () => ({ body: Buffer.concat(parts), whole: false, end: bytes.length });
    if (line < 0) return partial();
    const text = bytes.toString("latin1", at, line);
    if (!/^[0-9a-f]+$/i.test(text)) throw new Error(`no chunk size: ${JSON.stringify(text.slice(0, 40))}`);
    const length = Number.parseInt(text, 16);
    at = line + 2;
    if (length === 0) {
      if (bytes.length < at + 2) return partial();
      if (bytes.toString("latin1", at, at + 2) !== "\r\n") throw new Error("no end of chunks");
      return { body: Buffer.concat(parts), whole: true, end: at + 2 };
    }
    parts.push(bytes.subarray(at, at + length));
    if (bytes.length < at + length + 2) return partial();
    if (bytes.toString("latin1", at + length, at + length + 2) !== "\r\n")
      throw new Error("no end of a chunk");
    at += length + 2;
  }
}

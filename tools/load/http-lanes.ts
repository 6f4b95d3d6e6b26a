import { createHash, randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { exchange, type Spec } from "./exchange.ts";
import type { Mix } from "./options.ts";
import { nowMicros } from "./record.ts";
import type { Lane } from "./recorder.ts";

/** Starts the lanes of plain requests and answers; each promise resolves when its lane has ended. */
export function httpLanes(lane: Lane, mix: Mix, path: string): Promise<void>[] {
  const { keepalive, close, post, slow, download } = mix;
  const lanes: Promise<void>[] = [];
  const add = (count: number, spec: () => Spec, rate: number, keepAlive: boolean) => {
    for (let i = 0; i < count; i += 1) lanes.push(runLane(lane, spec, { count, rate, index: i, keepAlive }));
  };
  if (keepalive) add(keepalive.connections, () => plain("keepalive", path), keepalive.rate, true);
  if (close) add(close.lanes, () => plain("close", path), close.rate, false);
  if (post) add(post.connections, () => echo(post.bytes), post.rate, true);
  if (slow) add(slow.lanes, () => plain("slow", `/slow?ms=${slow.ms}`), 0, true);
  if (download) {
    for (let i = 0; i < download.lanes; i += 1) lanes.push(downloads(lane, download.mb, download.pauseMs));
  }
  return lanes;
}

interface Pace {
  count: number;
  /** Requests a second over all lanes of the kind; 0 is as fast as answers come. */
  rate: number;
  index: number;
  keepAlive: boolean;
}

/** A lane without a rate waits this long after a failure, so that a dead server is not asked in a tight loop. */
const afterFailureMicros = 50_000;

async function runLane(lane: Lane, spec: () => Spec, pace: Pace): Promise<void> {
  const agent = new Agent({ keepAlive: pace.keepAlive, maxSockets: 1 });
  const interval = pace.rate > 0 ? (pace.count / pace.rate) * 1_000_000 : 0;
  let due = nowMicros() + (interval * pace.index) / pace.count;
  while (!lane.signal.aborted) {
    if (interval > 0 && !(await until(due, lane.signal))) break;
    const good = await exchange(lane, agent, spec(), interval > 0 ? due : null);
    due += interval;
    if (!good && interval === 0) await until(nowMicros() + afterFailureMicros, lane.signal);
  }
  agent.destroy();
}

/** Waits for an instant in microseconds; false when the load ended first. */
async function until(due: number, signal: AbortSignal): Promise<boolean> {
  const wait = (due - nowMicros()) / 1000;
  if (wait > 0) await delay(wait, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

function plain(kind: "keepalive" | "close" | "slow", path: string): Spec {
  return { kind, method: "GET", path, checker: json };
}

/** The body must be whole JSON. */
function json(): ReturnType<Spec["checker"]> {
  const chunks: Buffer[] = [];
  return {
    chunk: (data) => void chunks.push(data),
    end: () => {
      try {
        JSON.parse(Buffer.concat(chunks).toString());
        return null;
      } catch {
        return "the answer's body is not whole";
      }
    },
  };
}

function echo(bytes: number): Spec {
  const body = randomBytes(bytes);
  const checker = () => {
    const chunks: Buffer[] = [];
    return {
      chunk: (data: Buffer) => void chunks.push(data),
      end: () => (Buffer.concat(chunks).equals(body) ? null : "the echoed body differs from the one sent"),
    };
  };
  return { kind: "post", method: "POST", path: "/echo", body, checker };
}

/** The bytes that `examples/node` sends: byte i of each 64 KiB is i * 31 + 7. */
function expectedDigest(mb: number): string {
  const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 31 + 7) & 255));
  const hash = createHash("sha256");
  for (let i = 0; i < mb * 16; i += 1) hash.update(block);
  return hash.digest("hex");
}

async function downloads(lane: Lane, mb: number, pauseMs: number): Promise<void> {
  const expected = expectedDigest(mb);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const checker = () => {
    const hash = createHash("sha256");
    let length = 0;
    return {
      chunk: (data: Buffer) => {
        length += data.length;
        hash.update(data);
      },
      end: () => {
        if (length !== mb * 1_048_576) return `${length} bytes instead of ${mb * 1_048_576}`;
        return hash.digest("hex") === expected ? null : "the bytes differ from those asked for";
      },
    };
  };
  while (!lane.signal.aborted) {
    await exchange(
      lane,
      agent,
      { kind: "download", method: "GET", path: `/download?mb=${mb}`, checker },
      null,
    );
    await delay(pauseMs, undefined, { signal: lane.signal }).catch(() => {});
  }
  agent.destroy();
}

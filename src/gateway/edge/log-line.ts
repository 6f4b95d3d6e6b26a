import type { FailedPart } from "./error-page.ts";
import { writeMilliseconds, writeToken, writeWhole } from "./json-bytes.ts";

/** How a request ended. Times are `performance.now()`. One record may be filled again and again. */
export interface RequestOutcome {
  startedAt: number;
  /** When the response's head was sent on; negative for never. */
  headAt: number;
  endedAt: number;
  /** Milliseconds that a new connection to the target took; negative when there was none. */
  connectMs: number;
  /** What the client was answered, or 499 when it left before. */
  status: number;
  /** Bytes of the response's content, as they were sent. */
  bytes: number;
  /** How often it was sent again. */
  retries: number;
  /** Who failed, and how: a token like `connect-refused`, at most 40 characters. Both "" for a success. */
  part: FailedPart | "";
  reason: string;
}

/** Longest line that can come about; writes of up to 4,096 bytes to a pipe are not torn apart (`PIPE_BUF`). */
export const longestLine = 4_096;

const statusName = ascii('"status":');
const bytesName = ascii(',"bytes":');
const msName = ascii(',"ms":');
const headMsName = ascii(',"headMs":');
const connectMsName = ascii(',"connectMs":');
const retriesName = ascii(',"retries":');
const partName = ascii(',"part":"');
const reasonName = ascii('","reason":"');
const quote = 0x22;
const longestName = 80;

/** The part of a line that says who asked. */
export function clientSegment(address: string): Uint8Array {
  return ascii(`"client":${JSON.stringify(address)},`);
}

/** The part of a line that says who answered. */
export function targetSegment(
  app: string,
  release: number,
  service: string,
  target: { address: string; port: number } | null,
): Uint8Array {
  const named = `,"app":${name(app)},"release":${release},"service":${name(service)}`;
  if (target === null) return ascii(named);
  const host = target.address.includes(":") ? `[${target.address}]` : target.address;
  return ascii(`${named},"targetAddress":${name(`${host}:${target.port}`)}`);
}

/** For requests that no target was chosen for and no route found. */
export const noTarget: Uint8Array = new Uint8Array(0);

/** Writes an outcome's numbers, from `"status"` on; returns the offset after them. */
export function writeOutcome(out: Uint8Array, start: number, outcome: RequestOutcome): number {
  const { startedAt, headAt, connectMs, retries } = outcome;
  out.set(statusName, start);
  let at = writeWhole(out, start + statusName.length, outcome.status);
  out.set(bytesName, at);
  at = writeWhole(out, at + bytesName.length, outcome.bytes);
  out.set(msName, at);
  at = writeMilliseconds(out, at + msName.length, outcome.endedAt - startedAt);
  if (headAt >= 0) {
    out.set(headMsName, at);
    at = writeMilliseconds(out, at + headMsName.length, headAt - startedAt);
  }
  if (connectMs >= 0) {
    out.set(connectMsName, at);
    at = writeMilliseconds(out, at + connectMsName.length, connectMs);
  }
  if (retries > 0) {
    out.set(retriesName, at);
    at = writeWhole(out, at + retriesName.length, retries);
  }
  return at;
}

/** Writes who failed, and how. */
export function writeFailure(out: Uint8Array, start: number, { part, reason }: RequestOutcome): number {
  out.set(partName, start);
  let at = writeToken(out, start + partName.length, part);
  out.set(reasonName, at);
  at = writeToken(out, at + reasonName.length, reason);
  out[at] = quote;
  return at + 1;
}

function name(text: string): string {
  return JSON.stringify(text.slice(0, longestName));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

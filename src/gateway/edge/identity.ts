import { randomFillSync } from "node:crypto";

/** Bytes of an id that is made here. */
export const requestIdLength = 32;
/** Bytes of a traceparent of version 00. */
export const traceparentLength = 55;

/** Both digits of a byte: the first one in the low bits. */
const digitPairs = new Uint16Array(256);
/** 1 for lower-case hexadecimal digits. */
const isHex = new Uint8Array(256);
/** 1 for what a client's own request id may consist of. */
const isIdByte = new Uint8Array(256);
for (const digit of "0123456789abcdef") isHex[digit.charCodeAt(0)] = 1;
for (let byte = 0; byte < 256; byte += 1) {
  const pair = byte.toString(16).padStart(2, "0");
  digitPairs[byte] = pair.charCodeAt(0) | (pair.charCodeAt(1) << 8);
}
for (let byte = 0; byte < 128; byte += 1) isIdByte[byte] = /[\w.:-]/.test(String.fromCharCode(byte)) ? 1 : 0;

/** Random bytes of the kernel's quality, drawn many at a time: what is left begins at `used`. */
const pool = new Uint8Array(8_192);
let used = pool.length;

const dash = 0x2d;
const zero = 0x30;
const letterF = 0x66;

/**
 * Writes a new request id: 32 lower-case hexadecimal digits, 128 random bits. So ids are unique over all workers
 * and gateways, can't be guessed, and may serve as a trace id (W3C Trace Context section 3.2.2.3).
 *
 * @returns offset after it
 */
export function writeRequestId(out: Uint8Array, at: number): number {
  return writeRandom(out, at, 16);
}

function writeRandom(out: Uint8Array, at: number, count: number): number {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const end = used + count;
  let next = at;
  for (let from = used; from < end; from += 1) {
    const pair = digitPairs[pool[from] as number] as number;
    out[next] = pair & 255;
    out[next + 1] = pair >> 8;
    next += 2;
  }
  used = end;
  return next;
}

/** Whether a client's own request id may be kept: 1 to 128 of `A-Z a-z 0-9 _ . : -`. */
export function isAcceptableRequestId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 1 || end - start > 128) return false;
  for (let at = start; at < end; at += 1) if (isIdByte[bytes[at] as number] !== 1) return false;
  return true;
}

/**
 * Whether the bytes are a traceparent (W3C Trace Context section 3.2): of version 00 to the letter; of a later one
 * as far as it is known, with more behind a dash. All-zero ids and the version ff are invalid. Where it is not
 * valid, tracestate counts for nothing either and has to go with it (section 3.3.1.5).
 */
export function isTraceparent(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < traceparentLength) return false;
  if (!isHexAt(bytes, start, start + 2)) return false;
  const high = bytes[start] as number;
  const low = bytes[start + 1] as number;
  if (high === letterF && low === letterF) return false;
  if (length > traceparentLength) {
    if (high === zero && low === zero) return false;
    if (bytes[start + traceparentLength] !== dash) return false;
  }
  return (
    bytes[start + 2] === dash &&
    bytes[start + 35] === dash &&
    bytes[start + 52] === dash &&
    isId(bytes, start + 3, start + 35) &&
    isId(bytes, start + 36, start + 52) &&
    isHexAt(bytes, start + 53, start + 55)
  );
}

function isHexAt(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (isHex[bytes[at] as number] !== 1) return false;
  return true;
}

function isId(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isHexAt(bytes, start, end)) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] !== zero) return true;
  return false;
}

/**
 * Writes a traceparent of version 00 that begins a trace, not sampled: whether to record is left to the application.
 *
 * @param idAt where in `out` a request id stands that was made here and becomes the trace id; -1 for a new one
 * @returns offset after it
 */
export function writeTraceparent(out: Uint8Array, at: number, idAt: number): number {
  out[at] = zero;
  out[at + 1] = zero;
  out[at + 2] = dash;
  if (idAt < 0) writeRandom(out, at + 3, 16);
  else out.copyWithin(at + 3, idAt, idAt + requestIdLength);
  out[at + 35] = dash;
  writeRandom(out, at + 36, 8);
  out[at + 52] = dash;
  out[at + 53] = zero;
  out[at + 54] = zero;
  return at + traceparentLength;
}

import { FieldCode, type ResponseHead } from "../http1/head.ts";

/** Fields of a response that go no further (RFC 9110 section 7.6.1). */
const dropped = new Uint8Array(32);
for (const code of [
  FieldCode.connection,
  FieldCode.keepAlive,
  FieldCode.proxyConnection,
  FieldCode.te,
  FieldCode.upgrade,
  FieldCode.named,
]) {
  dropped[code] = 1;
}

/** Begin and end of what is taken out, in the order in which it stands. */
const gaps = new Int32Array(512);

/** What becomes of fields that depend on the client's side. */
export interface ResponseFraming {
  /** Transfer-Encoding does not stay, because chunks are decoded. */
  dropCoding: boolean;
  /** Trailer stays: the client gets the trailer fields. */
  keepTrailer: boolean;
}

/**
 * Makes a target's response head one for the client, in place: lines that go no further are taken out and the rest
 * before them moves up, so that the bytes behind the head stay where they are. `insert` comes after the status line.
 *
 * @returns offset of the first byte; at most `insert.length` before `head.start`
 */
export function rewriteResponse(
  bytes: Uint8Array,
  head: ResponseHead,
  framing: ResponseFraming,
  insert: Uint8Array | null,
): number {
  const { codes, fields, fieldCount, start, fieldsStart } = head;
  // Whatever a target speaks, the gateway answers as HTTP/1.1 (RFC 9112 section 2.3).
  bytes[start + 7] = 0x31;
  let count = 0;
  for (let index = 0; index < fieldCount; index += 1) {
    const code = codes[index] as number;
    if (code === FieldCode.other) continue;
    if (
      dropped[code] === 1 ||
      (code === FieldCode.transferEncoding && framing.dropCoding) ||
      (code === FieldCode.trailer && !framing.keepTrailer)
    ) {
      gaps[count] = fields[index * 4] as number;
      gaps[count + 1] = index + 1 < fieldCount ? (fields[index * 4 + 4] as number) : head.end - 2;
      count += 2;
    }
  }
  if (count === 0 && insert === null) return start;
  let to = count > 0 ? (gaps[count - 1] as number) : fieldsStart;
  for (let gap = count - 2; gap >= 0; gap -= 2) {
    const from = gap > 0 ? (gaps[gap - 1] as number) : fieldsStart;
    to = moveUp(bytes, to, from, gaps[gap] as number);
  }
  if (insert === null) return moveUp(bytes, to, start, fieldsStart);
  const at = moveUp(bytes, to - insert.length, start, fieldsStart);
  bytes.set(insert, to - insert.length);
  return at;
}

const interim: ResponseFraming = { dropCoding: true, keepTrailer: false };

/** The same for an interim response. */
export function rewriteInterim(bytes: Uint8Array, head: ResponseHead): number {
  return rewriteResponse(bytes, head, interim, null);
}

/** Moves the bytes from start up to end, either way, so that they end before `to`; returns their new begin. */
function moveUp(bytes: Uint8Array, to: number, start: number, end: number): number {
  const at = to - (end - start);
  if (at === start) return at;
  if (at < start || end - start > 24) bytes.copyWithin(at, start, end);
  else
    for (let index = end - start - 1; index >= 0; index -= 1)
      bytes[at + index] = bytes[start + index] as number;
  return at;
}

import { hostEndOf } from "./authority.ts";
import { Coding, transferCoding } from "./codings.ts";
import { ConnectionOption, connectionOptions, nameableInRequests } from "./connection-options.ts";
import { incomplete, readFieldLines, refuse, refused } from "./field-lines.ts";
import { connect, frame, longestLength, standsBetweenSpaces } from "./framing.ts";
import { FieldCode, Framing, type HeadLimits, type RequestHead, TargetForm } from "./head.ts";
import { ascii, decimal, Octet, spells } from "./octets.ts";
import { readRequestLine } from "./request-line.ts";

const continueExpectation = ascii("100-continue");

/**
 * Reads the head of a request, strictly as RFC 9112 says: what is ambiguous is refused. Up to two empty lines before
 * the request line are skipped. Nothing is remembered between calls: when more bytes are needed, they are to be
 * appended and the whole is read again.
 *
 * The path of a target `*` is `*` itself. A Content-Length of 0 is framing `length`.
 *
 * @param bytes at least `parserRoom` bytes beyond `end` may be read and overwritten; they are left as they were
 * @param words the same memory
 * @param head filled; of use only when the head is complete, but `status` and `reason` when it is refused
 * @returns the offset after the head; 0 when more bytes are needed; -1 when it is refused, also in part, with
 * `status` 400, 405 (CONNECT), 414, 417, 431, 501 or 505
 */
export function parseRequestHead(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  head: RequestHead,
  limits: HeadLimits,
): number {
  const full = end - start >= limits.bytes;
  const stop = full ? start + limits.bytes : end;
  const covered = bytes[stop] as number;
  bytes[stop] = 0;
  const offset = readHead(bytes, words, start, stop, head, limits);
  bytes[stop] = covered;
  return offset === incomplete && full ? refuse(head, 431, "long-head") : offset;
}

function readHead(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: RequestHead,
  limits: HeadLimits,
): number {
  let p = start;
  for (let empty = 0; bytes[p] === Octet.cr && empty < 2; empty++) {
    if (p + 1 >= stop) return incomplete;
    if (bytes[p + 1] !== Octet.lf) return refuse(head, 400, "bare-cr");
    p += 2;
  }
  p = readRequestLine(bytes, words, p, stop, head, limits.line);
  if (p <= 0) return p;
  p = readFieldLines(bytes, words, p, stop, head, limits.fields);
  if (p <= 0) return p;
  head.end = p;
  return readFields(bytes, words, head) < 0 ? refused : p;
}

/** Reads what the fields say about framing, connection and host. Returns `refused` when that is refused. */
function readFields(bytes: Uint8Array, words: DataView, head: RequestHead): number {
  const { fields, codes, fieldCount } = head;
  let hosts = 0;
  let lengths = 0;
  let encodings = 0;
  let upgrades = 0;
  let options: number = ConnectionOption.none;
  head.length = -1;
  head.expectsContinue = false;
  head.upgradeStart = -1;
  head.upgradeEnd = -1;
  if (head.form !== TargetForm.absolute) {
    head.authorityStart = -1;
    head.authorityEnd = -1;
    head.hostEnd = -1;
  }
  for (let i = 0; i < fieldCount; i++) {
    const code = codes[i] as FieldCode;
    if (code === FieldCode.other || code > FieldCode.expect) continue;
    const nameEnd = fields[i * 4 + 1] as number;
    const start = fields[i * 4 + 2] as number;
    const end = fields[i * 4 + 3] as number;
    switch (code) {
      case FieldCode.host: {
        if (++hosts > 1) return refuse(head, 400, "two-hosts");
        const hostEnd = hostEndOf(bytes, start, end);
        if (hostEnd < 0) return refuse(head, 400, "bad-host");
        if (head.form === TargetForm.absolute) break;
        head.authorityStart = start;
        head.authorityEnd = end;
        head.hostEnd = hostEnd;
        break;
      }
      case FieldCode.connection: {
        const found = connectionOptions(bytes, words, start, end, head, nameableInRequests);
        if (found < 0) return refuse(head, 400, "bad-connection");
        options |= found;
        break;
      }
      case FieldCode.contentLength:
        if (++lengths > 1) return refuse(head, 400, "two-lengths");
        head.length = decimal(bytes, start, end, longestLength);
        if (head.length < 0 || !standsBetweenSpaces(bytes, nameEnd, start, end))
          return refuse(head, 400, "bad-length");
        break;
      case FieldCode.transferEncoding: {
        if (++encodings > 1) return refuse(head, 400, "two-encodings");
        const coding = transferCoding(bytes, start, end);
        if (coding === Coding.malformed || !standsBetweenSpaces(bytes, nameEnd, start, end))
          return refuse(head, 400, "bad-encoding");
        if (coding === Coding.other) return refuse(head, 501, "unknown-encoding");
        break;
      }
      case FieldCode.expect:
        if (head.minor === 0) break;
        if (!spells(bytes, start, end, continueExpectation)) return refuse(head, 417, "expectation");
        head.expectsContinue = true;
        break;
      case FieldCode.upgrade:
        upgrades += 1;
        head.upgradeStart = start;
        head.upgradeEnd = end;
        break;
    }
  }
  if (hosts === 0 && head.minor === 1) return refuse(head, 400, "no-host");
  if (frame(head, lengths, encodings, Framing.none, 400) < 0) return refused;
  return connect(bytes, head, options, upgrades) ? 0 : refuse(head, 400, "bad-upgrade");
}

import { Coding, transferCoding } from "./codings.ts";
import { ConnectionOption, connectionOptions, nameableInResponses } from "./connection-options.ts";
import { incomplete, readFieldLines, refuse, refused, valueEnd } from "./field-lines.ts";
import { connect, frame, longestLength, standsBetweenSpaces } from "./framing.ts";
import { FieldCode, Framing, type HeadLimits, type ResponseHead } from "./head.ts";
import { keepAliveTimeout } from "./keep-alive.ts";
import { decimal, Octet } from "./octets.ts";

const switchingProtocols = 101;
const statusLineStart = "HTTP/1.";

/**
 * Reads the head of a response as strictly as that of a request; see `parseRequestHead`. The status code is one of
 * 100 to 599 (RFC 9110 section 15). The space after it may be missing when there is no reason phrase. `framing` is
 * `untilClose` when the fields say nothing; that a response to HEAD or one of 1xx, 204 or 304 has no body is for the
 * caller to know (RFC 9112 section 6.3). A 101 has to upgrade and may not be framed.
 *
 * @returns the offset after the head; 0 when more bytes are needed; -1 when it is refused, with `status` 502
 */
export function parseResponseHead(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  head: ResponseHead,
  limits: HeadLimits,
): number {
  const full = end - start >= limits.bytes;
  const stop = full ? start + limits.bytes : end;
  const covered = bytes[stop] as number;
  bytes[stop] = 0;
  const offset = readHead(bytes, words, start, stop, head, limits);
  bytes[stop] = covered;
  if (offset > 0) return offset;
  if (offset === incomplete && !full) return offset;
  if (offset === incomplete) head.reason = "long-head";
  head.status = 502;
  return refused;
}

function readHead(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: ResponseHead,
  limits: HeadLimits,
): number {
  head.start = start;
  let p = readStatusLine(bytes, words, start, stop, head);
  if (p <= 0) return p;
  p = readFieldLines(bytes, words, p, stop, head, limits.fields);
  if (p <= 0) return p;
  head.end = p;
  return readFields(bytes, words, head) < 0 ? refused : p;
}

/** RFC 9112 section 4. Returns the offset of the first field line, `incomplete` or `refused`. */
function readStatusLine(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: ResponseHead,
): number {
  let p = start;
  for (let i = 0; i < statusLineStart.length; i++, p++) {
    if (p >= stop) return incomplete;
    if (bytes[p] !== statusLineStart.charCodeAt(i)) return refuse(head, 502, "bad-version");
  }
  if (p >= stop) return incomplete;
  const minor = (bytes[p] as number) - Octet.zero;
  if (minor !== 1 && minor !== 0) return refuse(head, 502, "bad-version");
  head.minor = minor;
  p += 1;
  if (p >= stop) return incomplete;
  if (bytes[p] !== Octet.space) return refuse(head, 502, "bad-version");
  p += 1;
  let code = 0;
  for (let i = 0; i < 3; i++, p++) {
    if (p >= stop) return incomplete;
    const digit = (bytes[p] as number) - Octet.zero;
    if (digit < 0 || digit > 9 || (i === 0 && (digit < 1 || digit > 5)))
      return refuse(head, 502, "bad-status");
    code = code * 10 + digit;
  }
  head.statusCode = code;
  if (bytes[p] === Octet.space) p = valueEnd(bytes, words, p);
  if (p >= stop || (p + 1 >= stop && bytes[p] === Octet.cr)) return incomplete;
  if (bytes[p] === Octet.lf) return refuse(head, 502, "bare-lf");
  if (bytes[p] !== Octet.cr) return refuse(head, 502, "bad-reason-phrase");
  if (bytes[p + 1] !== Octet.lf) return refuse(head, 502, "bare-cr");
  return p + 2;
}

/** Reads what the fields say about framing and connection. Returns `refused` when that is refused. */
function readFields(bytes: Uint8Array, words: DataView, head: ResponseHead): number {
  const { fields, codes, fieldCount } = head;
  let lengths = 0;
  let encodings = 0;
  let upgrades = 0;
  let options: number = ConnectionOption.none;
  head.length = -1;
  head.keepAliveSeconds = -1;
  head.upgradeStart = -1;
  head.upgradeEnd = -1;
  for (let i = 0; i < fieldCount; i++) {
    const code = codes[i] as FieldCode;
    if (code === FieldCode.other || code > FieldCode.expect) continue;
    const nameEnd = fields[i * 4 + 1] as number;
    const start = fields[i * 4 + 2] as number;
    const end = fields[i * 4 + 3] as number;
    switch (code) {
      case FieldCode.connection: {
        const found = connectionOptions(bytes, words, start, end, head, nameableInResponses);
        if (found < 0) return refuse(head, 502, "bad-connection");
        options |= found;
        break;
      }
      case FieldCode.contentLength:
        if (++lengths > 1) return refuse(head, 502, "two-lengths");
        head.length = decimal(bytes, start, end, longestLength);
        if (head.length < 0 || !standsBetweenSpaces(bytes, nameEnd, start, end))
          return refuse(head, 502, "bad-length");
        break;
      case FieldCode.transferEncoding:
        if (++encodings > 1) return refuse(head, 502, "two-encodings");
        if (
          transferCoding(bytes, start, end) !== Coding.chunked ||
          !standsBetweenSpaces(bytes, nameEnd, start, end)
        )
          return refuse(head, 502, "bad-encoding");
        break;
      case FieldCode.keepAlive:
        head.keepAliveSeconds = keepAliveTimeout(bytes, start, end);
        break;
      case FieldCode.upgrade:
        upgrades += 1;
        head.upgradeStart = start;
        head.upgradeEnd = end;
        break;
    }
  }
  if (frame(head, lengths, encodings, Framing.untilClose, 502) < 0) return refused;
  connect(bytes, head, options, upgrades);
  if (head.statusCode !== switchingProtocols || (head.upgrade && head.framing === Framing.untilClose))
    return 0;
  return refuse(head, 502, "bad-switch");
}

import { hostEndOf } from "./authority.ts";
import { incomplete, refuse } from "./field-lines.ts";
import { MethodCode, type RequestHead, TargetForm } from "./head.ts";
import { ascii, Octet, spells, targets, tokens } from "./octets.ts";

const longestMethod = 32;
/** Octets after the target: ` HTTP/1.1`. */
const versionLength = 9;

/** Words as they are read from four octets, the first one lowest. */
const Word = {
  getSpace: 0x20544547,
  http: 0x50545448,
  version11: 0x312e312f,
  version10: 0x302e312f,
} as const;
const crlf = 0x0a0d;

const methods: readonly [Uint8Array, MethodCode][] = [
  [ascii("HEAD"), MethodCode.head],
  [ascii("POST"), MethodCode.post],
  [ascii("PUT"), MethodCode.put],
  [ascii("DELETE"), MethodCode.delete],
  [ascii("OPTIONS"), MethodCode.options],
  [ascii("PATCH"), MethodCode.patch],
  [ascii("TRACE"), MethodCode.trace],
  [ascii("CONNECT"), MethodCode.connect],
];
const schemes = { http: ascii("http"), https: ascii("https") };

/**
 * Reads a request line (RFC 9112 section 3). The octet at `stop` is 0.
 *
 * @param most bytes that the line may have
 * @returns the offset of the first field line, `incomplete` or `refused`
 */
export function readRequestLine(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: RequestHead,
  most: number,
): number {
  head.start = start;
  head.methodStart = start;
  let p = start;
  if (words.getInt32(p, true) === Word.getSpace) {
    head.method = MethodCode.get;
    p += 3;
  } else {
    p = readMethod(bytes, start, stop, head);
    if (p <= 0) return p;
  }
  head.methodEnd = p;
  p += 1;
  head.targetStart = p;
  if (bytes[p] === Octet.slash) {
    head.form = TargetForm.origin;
    head.secure = false;
    p = readPath(bytes, p, head);
  } else {
    p = readOtherTarget(bytes, p, stop, head, most);
    if (p < 0) return p;
  }
  head.targetEnd = p;
  if (p + versionLength - start > most) return refuse(head, 414, "long-line");
  if (p >= stop) return incomplete;
  if (bytes[p] !== Octet.space) return refuse(head, 400, "bad-target");
  p += 1;
  if (
    words.getInt32(p, true) === Word.http &&
    words.getInt32(p + 4, true) === Word.version11 &&
    words.getUint16(p + 8, true) === crlf
  ) {
    head.minor = 1;
    return p + 10;
  }
  return readOtherVersion(bytes, words, p, stop, head);
}

function readMethod(bytes: Uint8Array, start: number, stop: number, head: RequestHead): number {
  let p = start;
  while (tokens[bytes[p] as number] !== 0) p += 1;
  if (p - start > longestMethod) return refuse(head, 501, "long-method");
  if (p >= stop) return incomplete;
  if (p === start || bytes[p] !== Octet.space) return refuse(head, 400, "bad-method");
  head.method = methodCode(bytes, start, p);
  if (head.method === MethodCode.connect) return refuse(head, 405, "connect");
  return p;
}

/** RFC 9110 section 9.1: methods are case-sensitive. */
function methodCode(bytes: Uint8Array, start: number, end: number): MethodCode {
  for (let i = 0; i < methods.length; i++) {
    const [name, code] = methods[i] as [Uint8Array, MethodCode];
    if (name.length !== end - start || name[0] !== bytes[start] || name[1] !== bytes[start + 1]) continue;
    let at = 2;
    while (at < name.length && name[at] === bytes[start + at]) at += 1;
    if (at === name.length) return code;
  }
  return MethodCode.other;
}

/** Reads path and query up to the first octet that may not stand in a target. */
function readPath(bytes: Uint8Array, start: number, head: RequestHead): number {
  let p = start;
  let octet = bytes[p] as number;
  while (targets[octet] === 1) octet = bytes[++p] as number;
  head.pathStart = start;
  head.pathEnd = p;
  while (targets[octet] !== 0) octet = bytes[++p] as number;
  head.queryEnd = p;
  return p;
}

/** Reads `*` (RFC 9112 section 3.2.4) or an absolute target (section 3.2.2). */
function readOtherTarget(
  bytes: Uint8Array,
  start: number,
  stop: number,
  head: RequestHead,
  most: number,
): number {
  if (bytes[start] === Octet.asterisk && head.method === MethodCode.options) {
    head.form = TargetForm.asterisk;
    head.secure = false;
    head.pathStart = start;
    head.pathEnd = start + 1;
    head.queryEnd = start + 1;
    return start + 1;
  }
  let p = start;
  while (p - start < 6 && hasLetter(bytes[p] as number)) p += 1;
  head.secure = spells(bytes, start, p, schemes.https);
  if (p < stop && !head.secure && !spells(bytes, start, p, schemes.http))
    return refuse(head, 400, "bad-target");
  for (const expected of [Octet.colon, Octet.slash, Octet.slash]) {
    if (p >= stop) return stop;
    if (bytes[p] !== expected) return refuse(head, 400, "bad-target");
    p += 1;
  }
  head.form = TargetForm.absolute;
  const authority = p;
  let octet = bytes[p] as number;
  while (targets[octet] === 1 && octet !== Octet.slash) octet = bytes[++p] as number;
  if (p >= stop || p + versionLength - head.start > most) return p;
  head.authorityStart = authority;
  head.authorityEnd = p;
  head.hostEnd = hostEndOf(bytes, authority, p);
  if (head.hostEnd < 0) return refuse(head, 400, "bad-authority");
  return readPath(bytes, p, head);
}

function hasLetter(octet: number): boolean {
  const lower = octet | 0x20;
  return lower >= 97 && lower <= 122;
}

/** Everything but HTTP/1.1: HTTP/1.0, other versions (RFC 9110 section 15.6.6), a line that has not arrived in full. */
function readOtherVersion(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: RequestHead,
): number {
  const pattern = "HTTP/d.d\r\n";
  for (let i = 0; i < pattern.length; i++) {
    if (start + i >= stop) return incomplete;
    const octet = bytes[start + i] as number;
    const digit = pattern[i] === "d" && octet >= Octet.zero && octet <= Octet.nine;
    if (!digit && octet !== pattern.charCodeAt(i)) {
      if (octet === Octet.lf) return refuse(head, 400, "bare-lf");
      return refuse(head, 400, i === 9 ? "bare-cr" : "bad-version");
    }
  }
  if (words.getInt32(start + 4, true) !== Word.version10) return refuse(head, 505, "version");
  head.minor = 0;
  return start + 10;
}

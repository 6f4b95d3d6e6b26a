import { disguisedFieldCode, fieldCode } from "./field-names.ts";
import { FieldCode, type MessageHead } from "./head.ts";
import { Octet, tokens } from "./octets.ts";

/** More bytes are needed. */
export const incomplete = 0;
/** Refused; the head's `status` and `reason` say why. */
export const refused = -1;

/** Notes why a head is refused. */
export function refuse(head: MessageHead, status: number, reason: string): number {
  head.status = status;
  head.reason = reason;
  return refused;
}

/**
 * Reads the field lines of a head and the empty line after them (RFC 9112 section 5) into `fields` and `codes`.
 * The octet at `stop` is 0, so that no scan goes beyond it.
 *
 * @param most fields that are allowed
 * @returns the offset after the empty line, `incomplete` or `refused`
 */
export function readFieldLines(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  stop: number,
  head: MessageHead,
  most: number,
): number {
  const fields = head.fields;
  const codes = head.codes;
  let count = 0;
  let p = start;
  for (;;) {
    const line = p;
    p = letterEnd(words, p);
    let octet = bytes[p] as number;
    while (tokens[octet] === 1) octet = bytes[++p] as number;
    let underscored = false;
    if (octet === Octet.underscore) {
      underscored = true;
      while (tokens[octet] !== 0) octet = bytes[++p] as number;
    }
    const nameEnd = p;
    if (octet !== Octet.colon || nameEnd === line) {
      if (octet === Octet.cr && nameEnd === line) {
        if (p + 1 >= stop) return incomplete;
        if (bytes[p + 1] !== Octet.lf) return refuse(head, 400, "bare-cr");
        head.fieldsStart = start;
        head.fieldCount = count;
        return p + 2;
      }
      if (count >= most && p > line) return refuse(head, 431, "too-many-fields");
      return p >= stop ? incomplete : refuse(head, 400, misnamed(octet, p === line));
    }
    if (count >= most) return refuse(head, 431, "too-many-fields");
    p += 1;
    if (bytes[p] === Octet.space) p += 1;
    while (bytes[p] === Octet.space || bytes[p] === Octet.tab) p += 1;
    const valueStart = p;
    p = valueEnd(bytes, words, p);
    if (bytes[p] !== Octet.cr || bytes[p + 1] !== Octet.lf) {
      return p >= stop || (p + 1 >= stop && bytes[p] === Octet.cr)
        ? incomplete
        : refuse(head, 400, misvalued(bytes[p] as number));
    }
    let end = p;
    p += 2;
    while (end > valueStart && (bytes[end - 1] === Octet.space || bytes[end - 1] === Octet.tab)) end -= 1;
    const code = underscored
      ? disguisedFieldCode(bytes, line, nameEnd)
      : fieldCode(words, line, nameEnd - line);
    if (underscored && code !== FieldCode.other && code !== FieldCode.disguised) {
      return refuse(head, 400, "disguised-framing");
    }
    const at = count * 4;
    fields[at] = line;
    fields[at + 1] = nameEnd;
    fields[at + 2] = valueStart;
    fields[at + 3] = end;
    codes[count] = code;
    count += 1;
  }
}

/** The offset of the first octet from `start` on that may not stand in a field value (RFC 9110 section 5.5). */
export function valueEnd(bytes: Uint8Array, words: DataView, start: number): number {
  let p = start;
  for (;;) {
    let found = controls(words.getInt32(p, true));
    if (found === 0) {
      p += 4;
      found = controls(words.getInt32(p, true));
      if (found === 0) {
        p += 4;
        continue;
      }
    }
    p += firstMarked(found);
    if (bytes[p] !== Octet.tab) return p;
    p += 1;
  }
}

/**
 * Looks at four octets at a time. The highest bit is set in the place of the first octet that is below 0x20 or is
 * 0x7f, and in no place before it; places after it mean nothing.
 */
function controls(word: number): number {
  return ((word - 0x20202020) | ((word & 0x7f7f7f7f) + 0x01010101)) & ~word & 0x80808080;
}

/** The offset of the first octet from `start` on that is neither a letter nor `-`: the end of most field names. */
function letterEnd(words: DataView, start: number): number {
  let p = start;
  for (;;) {
    const found = others(words.getInt32(p, true));
    if (found !== 0) return p + firstMarked(found);
    p += 4;
  }
}

/** The highest bit is set in the place of every octet that is neither a letter nor `-`. */
function others(word: number): number {
  const low = word & 0x7f7f7f7f;
  const lower = low | 0x20202020;
  const letter = (lower + 0x1f1f1f1f) & ~(lower + 0x05050505);
  const dash = ~((low ^ 0x2d2d2d2d) + 0x7f7f7f7f);
  return (~(letter | dash) | word) & 0x80808080;
}

/** The number of the first place that is marked, from 0 to 3. */
function firstMarked(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >>> 3;
}

function misnamed(octet: number, first: boolean): string {
  if (octet === Octet.lf) return "bare-lf";
  if (octet === Octet.cr) return "no-colon";
  if (octet === Octet.space || octet === Octet.tab) return first ? "folded-line" : "space-before-colon";
  if (octet === Octet.colon) return "empty-name";
  return "bad-name";
}

function misvalued(octet: number): string {
  if (octet === Octet.lf) return "bare-lf";
  if (octet === Octet.cr) return "bare-cr";
  return "bad-value";
}

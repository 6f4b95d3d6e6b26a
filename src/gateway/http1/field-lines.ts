import { disguisedFieldCode, fieldCode } from "./field-names.ts";
import { FieldCode, type MessageHead } from "./head.ts";
import { Octet, tokens, values } from "./octets.ts";

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

/**
 * The offset of the first octet from `p` that may not stand in a field value (RFC 9110 section 5.5). Four octets at
 * a time: in a word, an octet below 0x20 or of 0x7f sets the highest bit of its place, and no other octet does so
 * unless one such stands below it.
 */
export function valueEnd(bytes: Uint8Array, words: DataView, start: number): number {
  let p = start;
  for (;;) {
    for (;;) {
      const word = words.getInt32(p, true);
      const deleted = word ^ 0x7f7f7f7f;
      const found = ((word - 0x20202020) & ~word) | ((deleted - 0x01010101) & ~deleted);
      if ((found & 0x80808080) !== 0) break;
      p += 4;
    }
    let octet = bytes[p] as number;
    while (values[octet] === 1 && octet !== Octet.tab) octet = bytes[++p] as number;
    if (octet !== Octet.tab) return p;
    p += 1;
  }
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

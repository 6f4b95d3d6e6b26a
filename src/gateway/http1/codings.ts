import { ascii, Octet, spells, tokens } from "./octets.ts";

const chunked = ascii("chunked");

/** What a Transfer-Encoding field says. */
export const Coding = { chunked: 0, other: 1, malformed: 2 } as const;
export type Coding = (typeof Coding)[keyof typeof Coding];

/**
 * Reads a Transfer-Encoding field (RFC 9112 section 6.1). `chunked` is that word alone. `other` is a list of codings
 * that this gateway does not know, perhaps with `chunked` at its end; everything else is malformed: `chunked` twice,
 * with parameters or before another coding, empty elements, and what is not a list of codings at all.
 */
export function transferCoding(bytes: Uint8Array, start: number, end: number): Coding {
  if (spells(bytes, start, end, chunked)) return Coding.chunked;
  let p = start;
  for (;;) {
    const name = p;
    const nameEnd = tokenEnd(bytes, p, end);
    if (nameEnd === name) return Coding.malformed;
    p = parametersEnd(bytes, nameEnd, end);
    if (p < 0) return Coding.malformed;
    const isChunked = spells(bytes, name, nameEnd, chunked);
    if (isChunked && nameEnd < end) return Coding.malformed;
    if (p === end) return Coding.other;
    if (bytes[p] !== Octet.comma) return Coding.malformed;
    p = spaceEnd(bytes, p + 1, end);
  }
}

/** The end of `*( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) ) OWS`; -1 when it is malformed. */
function parametersEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = spaceEnd(bytes, start, end);
  while (p < end && bytes[p] === Octet.semicolon) {
    const name = spaceEnd(bytes, p + 1, end);
    p = spaceEnd(bytes, tokenEnd(bytes, name, end), end);
    if (p === name || bytes[p] !== Octet.equals) return -1;
    const value = spaceEnd(bytes, p + 1, end);
    p = bytes[value] === Octet.quote ? quotedEnd(bytes, value, end) : tokenEnd(bytes, value, end);
    if (p <= value) return -1;
    p = spaceEnd(bytes, p, end);
  }
  return p;
}

function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start + 1;
  while (p < end && bytes[p] !== Octet.quote) {
    if (bytes[p] === Octet.backslash) p += 1;
    p += 1;
  }
  return p < end ? p + 1 : -1;
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && tokens[bytes[p] as number] !== 0) p += 1;
  return p;
}

function spaceEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab)) p += 1;
  return p;
}

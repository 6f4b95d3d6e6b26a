/** Octets that the syntax of HTTP/1.1 names. */
export const Octet = {
  tab: 9,
  lf: 10,
  cr: 13,
  space: 32,
  quote: 34,
  asterisk: 42,
  comma: 44,
  dash: 45,
  dot: 46,
  slash: 47,
  zero: 48,
  nine: 57,
  colon: 58,
  semicolon: 59,
  equals: 61,
  question: 63,
  opening: 91,
  backslash: 92,
  closing: 93,
  underscore: 95,
} as const;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";

/** The octets of a text of which every character is below 256. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A table that is 1 for the octets of a text and 0 for all others. */
function members(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const octet of ascii(text)) table[octet] = 1;
  return table;
}

function range(from: number, to: number, table: Uint8Array = new Uint8Array(256)): Uint8Array {
  return table.fill(1, from, to + 1);
}

/** RFC 9110 section 5.6.2: 1 for octets of a token, but 2 for the underscore; 0 for all others. */
export const tokens = members(`!#$%&'*+-.^\`|~${digits}${letters}`);
tokens[Octet.underscore] = 2;

/** RFC 9110 section 5.5: visible ASCII, space, tab and obs-text. */
export const values = range(0x80, 0xff, range(0x20, 0x7e));
values[Octet.tab] = 1;

/** Visible ASCII but `#`: what may stand in a request target; 2 for `?`. */
export const targets = range(0x21, 0x7e);
targets[0x23] = 0;
targets[Octet.question] = 2;

/** Letters, digits, `-` and `_`: what may stand in a host name beside dots. */
export const hostOctets = members(`-_${digits}${letters}`);

/** The value of a hexadecimal digit; -1 for other octets. */
export const hexadecimal = new Int8Array(256).fill(-1);
for (const [value, octet] of ascii("0123456789abcdef").entries()) hexadecimal[octet] = value;
for (const [value, octet] of ascii("ABCDEF").entries()) hexadecimal[octet] = value + 10;

/** Whether the octets from start up to end spell a lower-case word of letters, digits and `-`, in any case. */
export function spells(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const octet = bytes[start + i] as number;
    const lower = octet >= 65 && octet <= 90 ? octet | 0x20 : octet;
    if (lower !== word[i]) return false;
  }
  return true;
}

/** Whether two ranges of tokens are the same but for the case of letters. */
export function sameToken(
  bytes: Uint8Array,
  first: number,
  firstEnd: number,
  second: number,
  secondEnd: number,
): boolean {
  if (firstEnd - first !== secondEnd - second) return false;
  for (let i = 0; i < firstEnd - first; i++) {
    const one = bytes[first + i] as number;
    const other = bytes[second + i] as number;
    if (one === other) continue;
    const lower = one | 0x20;
    if (lower !== (other | 0x20) || lower < 97 || lower > 122) return false;
  }
  return true;
}

/** The value of 1 to `most` decimal digits and nothing else; -1 otherwise. `most` is 15 at most: numbers stay exact. */
export function decimal(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (end <= start || end - start > most) return -1;
  let value = 0;
  for (let p = start; p < end; p++) {
    const digit = (bytes[p] as number) - Octet.zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

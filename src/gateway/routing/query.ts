import type { Expression } from "./expression.ts";

/**
 * Whether a query has a parameter of that name (application/x-www-form-urlencoded: `&` between, percent and `+`
 * decoded, a `%` without two hexadecimal digits stands for itself) with the value, or one in which the expression is
 * found; any will do when both are null. A parameter without `=` has an empty value.
 *
 * @param from offset behind the question mark; above `to` where there is none
 */
export function hasParameter(
  bytes: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array,
  value: Uint8Array | null,
  expression: Expression | null,
): boolean {
  let start = from;
  while (start <= to) {
    let equals = -1;
    let end = start;
    for (; end < to; end += 1) {
      const byte = bytes[end];
      if (byte === 0x26) break;
      if (byte === 0x3d && equals < 0) equals = end;
    }
    const nameEnd = equals < 0 ? end : equals;
    if (end > start && isDecoded(name, bytes, start, nameEnd)) {
      const valueStart = equals < 0 ? end : equals + 1;
      if (expression !== null) {
        if (expression.test(decode(bytes, valueStart, end))) return true;
      } else if (value === null || isDecoded(value, bytes, valueStart, end)) return true;
    }
    start = end + 1;
  }
  return false;
}

function isDecoded(expected: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  for (const byte of expected) {
    if (at >= to || decodedAt(bytes, at, to) !== byte) return false;
    at += widthAt(bytes, at, to);
  }
  return at === to;
}

function decode(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const decoded = new Uint8Array(to - from);
  let length = 0;
  for (let at = from; at < to; at += widthAt(bytes, at, to)) {
    decoded[length] = decodedAt(bytes, at, to);
    length += 1;
  }
  return decoded.subarray(0, length);
}

function decodedAt(bytes: Uint8Array, at: number, to: number): number {
  const byte = bytes[at] as number;
  if (byte === 0x2b) return 0x20;
  if (widthAt(bytes, at, to) === 1) return byte;
  return (digit(bytes[at + 1] as number) << 4) | digit(bytes[at + 2] as number);
}

/** Bytes of a parameter that stand for one: 3 for `%41`. */
function widthAt(bytes: Uint8Array, at: number, to: number): number {
  return bytes[at] === 0x25 &&
    at + 2 < to &&
    digit(bytes[at + 1] as number) >= 0 &&
    digit(bytes[at + 2] as number) >= 0
    ? 3
    : 1;
}

function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const low = byte | 0x20;
  return low >= 0x61 && low <= 0x66 ? low - 0x57 : -1;
}

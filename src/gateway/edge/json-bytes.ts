/** Parts of JSON written as bytes: each function writes from `at` on and returns the offset after what it wrote. */

const quote = 0x22;
const backslash = 0x5c;
const zero = 0x30;
const dot = 0x2e;

/** 1 for bytes that stand in a JSON string as they are. */
const plain = new Uint8Array(256);
for (let byte = 0x20; byte < 0x7f; byte += 1) plain[byte] = byte === quote || byte === backslash ? 0 : 1;

const digits = new Uint8Array(16);
for (let value = 0; value < 16; value += 1) digits[value] = value.toString(16).charCodeAt(0);

/** Most bytes that one byte becomes in a string. */
export const longestEscape = 6;

/**
 * Writes bytes for the inside of a string: those above 0x7f are taken for ISO 8859-1, so that what is no UTF-8 can be
 * told apart. Stops before it would pass `limit`.
 *
 * @returns offset after what was written; `stoppedAt` tells where it stopped
 */
export function writeEscaped(
  out: Uint8Array,
  at: number,
  limit: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  let to = at;
  let index = start;
  for (;;) {
    const run = Math.min(end, index + limit - to);
    while (index < run) {
      const byte = from[index] as number;
      if (plain[byte] !== 1) break;
      out[to] = byte;
      to += 1;
      index += 1;
    }
    if (index === run) break;
    const next = writeEscape(out, to, limit, from[index] as number);
    if (next === to) break;
    to = next;
    index += 1;
  }
  stopped = index;
  return to;
}

function writeEscape(out: Uint8Array, at: number, limit: number, byte: number): number {
  const size = byte === quote || byte === backslash ? 2 : longestEscape;
  if (at + size > limit) return at;
  out[at] = backslash;
  if (size === 2) out[at + 1] = byte;
  else {
    out[at + 1] = 0x75;
    out[at + 2] = zero;
    out[at + 3] = zero;
    out[at + 4] = digits[byte >> 4] as number;
    out[at + 5] = digits[byte & 15] as number;
  }
  return at + size;
}

let stopped = 0;

/** Offset of the first byte that the last `writeEscaped` did not write; its `end` when it wrote all. */
export function stoppedAt(): number {
  return stopped;
}

/** Writes the text's characters, which must be ASCII and need no escaping. */
export function writeToken(out: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) out[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Writes a whole number from 0 to 2^53; what is none is written as 0. */
export function writeWhole(out: Uint8Array, at: number, value: number): number {
  if (!(value >= 1)) {
    out[at] = zero;
    return at + 1;
  }
  let high = 0;
  let low = value;
  if (value >= 1_000_000_000) {
    high = Math.floor(value / 1_000_000_000);
    low = value - high * 1_000_000_000;
  }
  let rest = low | 0;
  let end = at + (high > 0 ? writeWhole(out, at, high) - at + 9 : digitsOf(rest));
  const after = end;
  const first = high > 0 ? end - 9 : at;
  while (end > first) {
    end -= 1;
    const next = (rest / 10) | 0;
    out[end] = zero + rest - next * 10;
    rest = next;
  }
  return after;
}

function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  return value < 100_000_000 ? 8 : 9;
}

/** Writes milliseconds with three decimals; below 0 is 0. */
export function writeMilliseconds(out: Uint8Array, at: number, value: number): number {
  const thousandths = value > 0 ? Math.round(value * 1_000) : 0;
  const whole = Math.floor(thousandths / 1_000);
  const next = writeWhole(out, at, whole);
  out[next] = dot;
  return writeThree(out, next + 1, thousandths - whole * 1_000);
}

/** Writes a number from 0 to 999 with three digits. */
export function writeThree(out: Uint8Array, at: number, value: number): number {
  const rest = value | 0;
  const hundreds = (rest / 100) | 0;
  const tens = (rest / 10) | 0;
  out[at] = zero + hundreds;
  out[at + 1] = zero + tens - hundreds * 10;
  out[at + 2] = zero + rest - tens * 10;
  return at + 3;
}

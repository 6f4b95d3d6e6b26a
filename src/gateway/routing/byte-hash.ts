/** Number that the hash of nothing is. */
export const hashSeed = 0x2f0b_4c47;

/** A hash with one more byte; letters that differ in case only are the same. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ (byte | 0x20), 0x5bd1_e995);
}

/** Spreads a hash over its low bits, for a table whose size is a power of two. */
export function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return mixed ^ (mixed >>> 13);
}

/** Hash of the bytes from `from` to `to`, four at a time; letters that differ in case only are the same. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = hashSeed ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash = Math.imul(hash ^ (word | 0x2020_2020), 0x5bd1_e995);
    hash ^= hash >>> 15;
  }
  for (; at < to; at += 1) hash = hashByte(hash, bytes[at] as number);
  return spread(hash);
}

/** Hash of the end of a name, from its last byte to its first: longer ends go on from the hashes of shorter ones. */
export function hashSuffix(suffix: Uint8Array): number {
  let hash = hashSeed;
  for (let at = suffix.length - 1; at >= 0; at -= 1) hash = hashByte(hash, suffix[at] as number);
  return spread(hash);
}

/** Hash of a segment of a path below the prefix with that id. */
export function hashSegment(prefix: number, segment: Uint8Array): number {
  let hash = segmentSeed(prefix);
  for (const byte of segment) hash = hashByte(hash, byte);
  return spread(hash);
}

/** Number that the hash of a segment below the prefix with that id begins with. */
export function segmentSeed(prefix: number): number {
  return Math.imul(prefix + 1, 0x9e37_79b1);
}

/** Whether the bytes from `from` on are those of `expected`, where `expected` is lower case and they may not be. */
export function isLowered(expected: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    const byte = bytes[from + at] as number;
    const low = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (low !== expected[at]) return false;
  }
  return true;
}

/** Whether the bytes from `from` on are those of `expected`. */
export function isSame(expected: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    if (bytes[from + at] !== expected[at]) return false;
  }
  return true;
}

import { keyOf } from "./byte-key.ts";

/**
 * A hash table with open addressing whose keys are bytes. Who looks up begins at the slot `hash & mask` and goes on
 * to the next one, from the last to the first, until an empty one: at most half of them are in use.
 */
export interface OpenTable<T> {
  /** Four numbers a slot: hash, length of the key, its offset in `keys`, place of the entry from 1 (0: empty). */
  readonly slots: Int32Array;
  readonly mask: number;
  /** For `isKey`. */
  readonly keys: Int32Array;
  readonly entries: readonly T[];
  /** Bytes of the longest key; -1 without entries. */
  readonly longest: number;
}

export interface NamedEntry<T> {
  hash: number;
  name: Uint8Array;
  entry: T;
}

/** @param ignoreCase the names are lower case, and found in upper case too */
export function createOpenTable<T>(named: readonly NamedEntry<T>[], ignoreCase: boolean): OpenTable<T> {
  let size = 4;
  while (size < named.length * 2) size *= 2;
  const slots = new Int32Array(size * 4);
  const mask = size - 1;
  const keys: number[] = [];
  let longest = -1;
  for (const [index, { hash, name }] of named.entries()) {
    let slot = hash & mask;
    while (slots[slot * 4 + 3] !== 0) slot = (slot + 1) & mask;
    slots.set([hash, name.length, keys.length, index + 1], slot * 4);
    for (const word of keyOf(name, ignoreCase)) keys.push(word);
    longest = Math.max(longest, name.length);
  }
  return { slots, mask, keys: Int32Array.from(keys), entries: named.map(({ entry }) => entry), longest };
}

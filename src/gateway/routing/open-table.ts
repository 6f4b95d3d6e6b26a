import { addKey, hashOf, viewOf } from "./byte-key.ts";

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
  name: Uint8Array;
  /** What the hash of the name is mixed with: tells apart entries of the same name. */
  seed: number;
  entry: T;
}

/** @param ignoreCase the names are lower case, and found in upper case too */
export function createOpenTable<T>(named: readonly NamedEntry<T>[], ignoreCase: boolean): OpenTable<T> {
  let size = 4;
  while (size < named.length * 2) size *= 2;
  const slots = new Int32Array(size * 4);
  const mask = size - 1;
  const keys: number[] = [];
  const entries: T[] = [];
  let longest = -1;
  for (const { name, seed, entry } of named) {
    const words = viewOf(name);
    const hash = hashOf(words, 0, name.length) ^ seed;
    let slot = hash & mask;
    while (slots[slot * 4 + 3] !== 0) slot = (slot + 1) & mask;
    slots[slot * 4] = hash;
    slots[slot * 4 + 1] = name.length;
    slots[slot * 4 + 2] = keys.length;
    slots[slot * 4 + 3] = entries.push(entry);
    addKey(words, ignoreCase, (word) => keys.push(word));
    longest = Math.max(longest, name.length);
  }
  return { slots, mask, keys: Int32Array.from(keys), entries, longest };
}

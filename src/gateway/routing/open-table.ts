import { keyWords } from "./byte-key.ts";

/**
 * A hash table with open addressing whose keys are bytes. Who looks up begins at the slot `hash & mask` and goes on
 * to the next one, from the last to the first, until an empty one: at most half of them are in use.
 */
export interface OpenTable<T> {
  /** Four numbers a slot: hash, length of the key, its offset in `words`, place of the entry from 1 (0: empty). */
  readonly slots: Int32Array;
  readonly mask: number;
  /** The keys, for `isKey`. */
  readonly words: Int32Array;
  readonly entries: readonly T[];
  /** Bytes of the longest key; -1 without entries. */
  readonly longest: number;
}

export interface TableKey {
  hash: number;
  name: Uint8Array;
}

/** @param ignoreCase the keys are lower case, and found in upper case too */
export function createOpenTable<T>(
  entries: readonly T[],
  keyOf: (entry: T) => TableKey,
  ignoreCase: boolean,
): OpenTable<T> {
  let size = 4;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size * 4);
  const mask = size - 1;
  const words: number[] = [];
  let longest = -1;
  for (const [index, entry] of entries.entries()) {
    const { hash, name } = keyOf(entry);
    let slot = hash & mask;
    while (slots[slot * 4 + 3] !== 0) slot = (slot + 1) & mask;
    slots.set([hash, name.length, words.length, index + 1], slot * 4);
    words.push(...keyWords(name, ignoreCase));
    longest = Math.max(longest, name.length);
  }
  return { slots, mask, words: Int32Array.from(words), entries, longest };
}

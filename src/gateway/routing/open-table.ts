/**
 * A hash table with open addressing, for keys in bytes: who looks up probes it and compares. Two words a slot: hash,
 * and index of an entry from 1; 0 where the slot is empty. At most half of the slots are in use.
 */
export interface OpenTable<T> {
  readonly slots: Int32Array;
  /** For `hash & mask`, the slot at which a look-up begins; it goes on to the next, and from the last to the first. */
  readonly mask: number;
  readonly entries: readonly T[];
}

export function createOpenTable<T>(entries: readonly T[], hashOf: (entry: T) => number): OpenTable<T> {
  let size = 4;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size * 2);
  const mask = size - 1;
  for (const [index, entry] of entries.entries()) {
    const hash = hashOf(entry);
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = index + 1;
  }
  return { slots, mask, entries };
}

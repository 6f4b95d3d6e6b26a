const foldedWord = 0x2020_2020;

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ (word | foldedWord), 0x5bd1_e995);
  return product ^ (product >>> 15);
}

/** The bytes from `from` to `to` as one number; at most three. */
function shortWord(words: DataView, from: number, to: number): number {
  let word = 0;
  for (let at = from; at < to; at += 1) word = (word << 8) | words.getUint8(at);
  return word;
}

/**
 * Hash of the bytes from `from` to `to`, good in its low bits; letters that differ in case only are the same. Goes by
 * words of four bytes; the last one overlaps the one before it.
 */
export function hashOf(words: DataView, from: number, to: number): number {
  const last = to - 4;
  if (last < from) return mixed(mixed(to - from, shortWord(words, from, to)), 0);
  let hash = to - from;
  for (let at = from; at < last; at += 4) hash = mixed(hash, words.getInt32(at, true));
  return mixed(mixed(hash, words.getInt32(last, true)), 0);
}

/** Whether the bytes from `from` to `to` are those of the key at `offset`, which is as long as they are. */
export function isKey(keys: Int32Array, offset: number, words: DataView, from: number, to: number): boolean {
  const last = to - 4;
  let key = offset;
  if (last < from) {
    return ((shortWord(words, from, to) ^ (keys[key] as number)) & (keys[key + 1] as number)) === 0;
  }
  for (let at = from; at < last; at += 4) {
    if (((words.getInt32(at, true) ^ (keys[key] as number)) & (keys[key + 1] as number)) !== 0) return false;
    key += 2;
  }
  return ((words.getInt32(last, true) ^ (keys[key] as number)) & (keys[key + 1] as number)) === 0;
}

/**
 * A key for `isKey`: for each word that `hashOf` goes by, the word and a mask of the bits that have to be the same.
 *
 * @param words all bytes of the name
 * @param ignoreCase the name is lower case, and its letters are found in upper case too
 * @param add takes the key's words
 */
export function addKey(words: DataView, ignoreCase: boolean, add: (word: number) => void): void {
  const { byteLength } = words;
  const last = byteLength - 4;
  const read = (at: number) => (last < 0 ? shortWord(words, 0, byteLength) : words.getInt32(at, true));
  for (let at = 0; at < last; at += 4) {
    add(read(at));
    add(maskOf(read(at), ignoreCase));
  }
  add(read(last));
  add(maskOf(read(last), ignoreCase));
}

/** All bits of a word, without those that tell upper from lower case. */
function maskOf(word: number, ignoreCase: boolean): number {
  let mask = -1;
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (word >>> shift) & 0xff;
    if (ignoreCase && byte >= 0x61 && byte <= 0x7a) mask ^= 0x20 << shift;
  }
  return mask;
}

/** A view of the same memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

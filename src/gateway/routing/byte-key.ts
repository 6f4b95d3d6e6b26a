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
 * @param name lower case where `ignoreCase` is true: its letters are then found in upper case too
 */
export function keyOf(name: Uint8Array, ignoreCase: boolean): number[] {
  const masks = name.map((byte) => (ignoreCase && byte >= 0x61 && byte <= 0x7a ? 0xdf : 0xff));
  const [words, bits] = [viewOf(name), viewOf(masks)];
  const last = name.length - 4;
  if (last < 0) return [shortWord(words, 0, name.length), shortWord(bits, 0, name.length)];
  const key: number[] = [];
  for (let at = 0; at < last; at += 4) key.push(words.getInt32(at, true), bits.getInt32(at, true));
  return [...key, words.getInt32(last, true), bits.getInt32(last, true)];
}

/** A view of the same memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

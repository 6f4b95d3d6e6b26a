/** Four bytes as one number, the first lowest. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The bytes from `from` to `to` as one number; at most three. */
function shortWord(bytes: Uint8Array, from: number, to: number): number {
  let word = 0;
  for (let at = from; at < to; at += 1) word = (word << 8) | (bytes[at] as number);
  return word;
}

const foldedWord = 0x2020_2020;

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ (word | foldedWord), 0x5bd1_e995);
  return product ^ (product >>> 15);
}

/**
 * Hash of the bytes from `from` to `to`, good in its low bits; letters that differ in case only are the same. Goes by
 * words; the last one overlaps the one before it.
 */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  const last = to - 4;
  if (last < from) return mixed(mixed(to - from, shortWord(bytes, from, to)), 0);
  let hash = to - from;
  for (let at = from; at < last; at += 4) hash = mixed(hash, wordAt(bytes, at));
  return mixed(mixed(hash, wordAt(bytes, last)), 0);
}

/**
 * What `isKey` compares with: for each word that `hashOf` goes by, the word and a mask of the bits that have to be
 * the same.
 *
 * @param name lower case where `ignoreCase` is true: its letters are then found in upper case too
 */
export function keyWords(name: Uint8Array, ignoreCase: boolean): number[] {
  const masks = name.map((byte) => (ignoreCase && byte >= 0x61 && byte <= 0x7a ? 0xdf : 0xff));
  const last = name.length - 4;
  if (last < 0) return [shortWord(name, 0, name.length), shortWord(masks, 0, name.length)];
  const words: number[] = [];
  for (let at = 0; at < last; at += 4) words.push(wordAt(name, at), wordAt(masks, at));
  return [...words, wordAt(name, last), wordAt(masks, last)];
}

/** Whether the bytes from `from` to `to` are those of the key at `offset`, which is as long as they are. */
export function isKey(
  words: Int32Array,
  offset: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  const last = to - 4;
  let key = offset;
  if (last < from) {
    return ((shortWord(bytes, from, to) ^ (words[key] as number)) & (words[key + 1] as number)) === 0;
  }
  for (let at = from; at < last; at += 4) {
    if (((wordAt(bytes, at) ^ (words[key] as number)) & (words[key + 1] as number)) !== 0) return false;
    key += 2;
  }
  return ((wordAt(bytes, last) ^ (words[key] as number)) & (words[key + 1] as number)) === 0;
}

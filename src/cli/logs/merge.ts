/** Values of several sorted sources in one order: the smallest key first, the earlier source first among equals. */
export async function* mergeSorted<T>(
  sources: AsyncIterable<T>[],
  key: (value: T) => string,
): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
  for (;;) {
    let first = -1;
    let firstKey = "";
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const headKey = key(head.value);
      if (first >= 0 && headKey >= firstKey) continue;
      first = index;
      firstKey = headKey;
    }
    const head = heads[first];
    const iterator = iterators[first];
    if (!head || head.done || !iterator) return;
    yield head.value;
    heads[first] = await iterator.next();
  }
}

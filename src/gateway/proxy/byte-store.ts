const firstSize = 1_024;

/** Bytes that are kept for later, in memory that grows by doubling. */
export class ByteStore {
  length = 0;
  #bytes = new Uint8Array(0);

  append(from: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2, firstSize));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(from.subarray(start, end), this.length);
    this.length = needed;
  }

  /** The bytes; they hold until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets the bytes and the memory. */
  clear(): void {
    this.length = 0;
    this.#bytes = new Uint8Array(0);
  }
}

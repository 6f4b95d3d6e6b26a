import { Block, headroom } from "../transport/block.ts";

const firstSize = 2_048;

/** What a client sends before there is a target for it, ready to be written with something put before it. */
export class EarlyBytes {
  length = 0;
  #block: Block | null = null;
  /** Bytes at the begin that are dropped. */
  #dropped = 0;

  append(from: Uint8Array, start: number, end: number): void {
    const needed = this.#dropped + this.length + end - start;
    let block = this.#block;
    if (block === null || needed > block.size) {
      const grown = new Block(Math.max(needed, (block?.size ?? 0) * 2, firstSize));
      if (block !== null) grown.readable.set(block.readable.subarray(0, this.#dropped + this.length));
      this.#block = grown;
      block = grown;
    }
    block.readable.set(from.subarray(start, end), this.#dropped + this.length);
    this.length += end - start;
  }

  view(): Uint8Array {
    return this.#block === null
      ? new Uint8Array(0)
      : this.#block.readable.subarray(this.#dropped, this.#dropped + this.length);
  }

  /** Forgets so many bytes at the begin. */
  drop(count: number): void {
    this.#dropped += count;
    this.length -= count;
  }

  /** The bytes with others before them, in a block that nothing else uses; nothing is left here. */
  take(before: Uint8Array): { block: Block; start: number; end: number } {
    if (before.length > headroom) throw new RangeError("too much to be put before early bytes");
    const block = this.#block ?? new Block(0);
    const start = block.start + this.#dropped - before.length;
    const end = block.start + this.#dropped + this.length;
    block.bytes.set(before, start);
    this.#block = null;
    this.#dropped = 0;
    this.length = 0;
    return { block, start, end };
  }
}

import { type Block, BlockPool } from "./block.ts";

const largeSize = 131_072;
/** Bytes that are read at a time into a block that connections share. */
export const sharedSize = largeSize;
const smallSize = 16_384;
/** 64 MiB of large blocks. */
const largeLimit = 512;
/** Above so many large blocks none is given to a connection that can do without. */
const plentyLimit = 128;
const largeKept = 64;
const smallKept = 256;

/**
 * The blocks that connections read into: large ones, which save system calls, while they are not too many, and small
 * ones then. A block that nothing was read into costs address space, but no memory.
 */
export class ReadBlocks {
  readonly large: BlockPool;
  readonly small: BlockPool;
  readonly #limit: number;
  readonly #plenty: number;

  /** @param limit number of large blocks */
  constructor(limit = largeLimit) {
    this.large = new BlockPool(largeSize, largeKept);
    this.small = new BlockPool(smallSize, smallKept);
    this.#limit = limit;
    this.#plenty = Math.min(plentyLimit, limit);
  }

  take(): Block {
    return this.large.free > 0 || this.large.made < this.#limit ? this.large.take() : this.small.take();
  }

  /** For at least so many bytes, at most the size of a large block. */
  takeFor(size: number): Block {
    return size <= smallSize ? this.small.take() : this.large.take();
  }

  /** Whether large blocks are few enough for one more where a small one would do. */
  get plenty(): boolean {
    return this.large.made - this.large.free < this.#plenty;
  }

  /** Whether new reads should be small ones. */
  get scarce(): boolean {
    return this.large.free === 0 && this.large.made >= this.#limit;
  }

  /** Blocks in use: read into, or lent. */
  get used(): number {
    return this.large.made - this.large.free + this.small.made - this.small.free;
  }
}

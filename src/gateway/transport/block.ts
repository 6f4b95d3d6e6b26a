/** Free bytes before what is read, so that a head can grow in place. */
export const headroom = 4_096;
/** Free bytes behind what is read: a parser's sentinel, and words read across the end. */
const tailroom = 64;
const viewSlots = 32;

/**
 * A piece of memory that is read into and written from. Writing does not copy: while a write is under way the block
 * is *lent*, and its bytes must not change.
 */
export class Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: DataView;
  /** Where received bytes begin to stand. */
  readonly readable: Buffer;
  /** Writes under way that use it. */
  lent = 0;
  /** Its last user has let go of it: it goes back to its pool when it is not lent any more. */
  idle = false;
  readonly pool: BlockPool | null;
  readonly #views: (Uint8Array | null)[] = new Array<Uint8Array | null>(viewSlots).fill(null);

  /** @param size bytes that can be read at a time, beside headroom and tailroom */
  constructor(size: number, pool: BlockPool | null = null) {
    const memory = Buffer.allocUnsafeSlow(headroom + size + tailroom).buffer as ArrayBuffer;
    this.bytes = new Uint8Array(memory);
    this.words = new DataView(memory);
    this.readable = Buffer.from(memory, headroom, size);
    this.pool = pool;
  }

  /** The bytes from start up to end; views that are asked for again and again are made once. */
  view(start: number, end: number): Uint8Array {
    const slot = (start + end * 7) & (viewSlots - 1);
    const known = this.#views[slot];
    if (known && known.byteOffset === start && known.length === end - start) return known;
    const made = new Uint8Array(this.bytes.buffer, start, end - start);
    this.#views[slot] = made;
    return made;
  }
}

/** Blocks of one size that are used in turn. */
export class BlockPool {
  readonly size: number;
  /** Blocks that were made and not dropped: those in use and those that wait. */
  made = 0;
  readonly #free: Block[] = [];
  readonly #keep: number;

  /** @param keep free blocks above this number are dropped */
  constructor(size: number, keep: number) {
    this.size = size;
    this.#keep = keep;
  }

  take(): Block {
    const block = this.#free.pop();
    if (block === undefined) {
      this.made += 1;
      return new Block(this.size, this);
    }
    block.idle = false;
    return block;
  }

  /** To be called once by a block's user; the block is used again when no write needs it any more. */
  give(block: Block): void {
    block.idle = true;
    if (block.lent === 0) this.#collect(block);
  }

  /** To be called by a transport at the end of each write that was under way. */
  returned(block: Block): void {
    block.lent -= 1;
    if (block.idle && block.lent === 0) this.#collect(block);
  }

  #collect(block: Block): void {
    if (this.#free.length < this.#keep) this.#free.push(block);
    else this.made -= 1;
  }
}

/** A block with bytes that never change, for answers that are sent again and again. */
export function constantBlock(content: Uint8Array): Block {
  const block = new Block(content.length);
  block.bytes.set(content, headroom);
  return block;
}

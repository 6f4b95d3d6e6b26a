/** Free bytes before what is read, so that a head can grow in place. */
export const headroom = 4_096;
/** Free bytes behind what is read: a parser's sentinel, and words read across the end. */
const tailroom = 64;
const viewSlots = 32;

/** Memory of one or more blocks. */
export interface Arena {
  bytes: Uint8Array<ArrayBuffer>;
  words: DataView;
}

export function createArena(size: number): Arena {
  const memory = Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
  return { bytes: new Uint8Array(memory), words: new DataView(memory) };
}

/** Bytes of memory that a block takes. */
export function blockBytes(size: number): number {
  return headroom + size + tailroom;
}

/**
 * A piece of memory that is read into and written from. Writing does not copy: while a write is under way the block
 * is *lent*, and its bytes must not change.
 */
export class Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: DataView;
  /** Offset in `bytes` from which the block's own bytes stand, with `headroom` before it. */
  readonly start: number;
  /** Bytes from `start` on. */
  readonly size: number;
  /** Where received bytes begin to stand. */
  readonly readable: Buffer;
  /** Writes under way that use it. */
  lent = 0;
  /** Its last user has let go of it: it goes back to its pool when it is not lent any more. */
  idle = false;
  /**
   * Several connections read into it, so that it can't be lent: a transport writes a copy of its bytes, and `lent` stays
   * 0. Whoever wants to keep bytes of it copies them.
   */
  shared = false;
  readonly pool: BlockPool | null;
  readonly #views: (Uint8Array | null)[] = new Array<Uint8Array | null>(viewSlots).fill(null);

  /**
   * @param size bytes that can be read at a time, beside headroom and tailroom
   * @param arena memory that several blocks share, so that bytes can be copied between them without views
   * @param offset where in the arena this block's `blockBytes(size)` begin
   */
  constructor(size: number, pool: BlockPool | null = null, arena: Arena | null = null, offset = 0) {
    const { bytes, words } = arena ?? createArena(blockBytes(size));
    this.bytes = bytes;
    this.words = words;
    this.start = offset + headroom;
    this.size = size;
    this.readable = Buffer.from(bytes.buffer, this.start, size);
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

  /** Blocks that wait to be taken. */
  get free(): number {
    return this.#free.length;
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
  block.bytes.set(content, block.start);
  return block;
}

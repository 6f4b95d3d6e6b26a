import { Block } from "./block.ts";
import { newWriteRequest, type WriteRequest } from "./handles.ts";
import { Probing } from "./probing.ts";
import type { ReadBlocks } from "./read-blocks.ts";

const scarceSize = 16_384;

/** What all connections of a raw transport have in common. */
export class RawShare {
  readonly blocks: ReadBlocks;
  /** What accepted connections read into. */
  readonly block: Block;
  /** Outgoing connections; accepted ones have inherited it. */
  readonly probing = new Probing();
  /** For the next write. */
  request: WriteRequest = newWriteRequest();
  readonly #scarceBuffer: Buffer;

  constructor(blocks: ReadBlocks, block: Block) {
    this.blocks = blocks;
    this.block = block;
    this.block.shared = true;
    this.#scarceBuffer = this.block.readable.subarray(0, scarceSize);
  }

  /** The piece of the shared block that is read into: less where memory is scarce. */
  get buffer(): Buffer {
    return this.blocks.scarce ? this.#scarceBuffer : this.block.readable;
  }

  /** A block for a copy of so many bytes. */
  blockFor(size: number): Block {
    return size <= this.blocks.large.size ? this.blocks.takeFor(size) : new Block(size);
  }

  renewRequest(): void {
    this.request = newWriteRequest();
  }
}

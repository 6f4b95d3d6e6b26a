import type { Block } from "../transport/block.ts";

const firstSize = 1_024;
/** The most that is kept. A larger request can't be sent again. */
const mostBytes = 16 * 1024;

/** The request that was sent last on a connection to a target, as it was sent. */
export class SentRequest {
  bytes = new Uint8Array(firstSize);
  length = 0;
  /** All of it is kept: it can be sent again as it is. */
  whole = false;
  /** It is longer than what is kept, so that its head may be missing in part. */
  cut = false;

  /**
   * Keeps the bytes of the block from start up to end.
   *
   * @param whole there is no more of the request
   */
  keep(block: Block, start: number, end: number, whole: boolean): void {
    const length = Math.min(end - start, mostBytes);
    if (length > this.bytes.length) this.bytes = new Uint8Array(Math.max(length, 2 * this.bytes.length));
    this.bytes.set(block.view(start, start + length));
    this.length = length;
    this.cut = length < end - start;
    this.whole = whole && !this.cut;
  }
}

import { Block, BlockPool, blockBytes, createArena } from "../transport/block.ts";

/** Bytes that are read from a client at a time. */
const readSize = 128 * 1024;
/** Bytes that a connection may keep of what came too early; above it, reading stops. */
export const keptLimit = 64 * 1024;
/** Room for a head's growth beside what was kept and one more read. */
const joinRoom = readSize + 64 * 1024;
/**
 * What the gateway adds to a head, beside all that may be in `join` and the host, which stands twice more in what is
 * sent (X-Forwarded-Host and Forwarded) and may take nearly all of a head.
 */
const composeRoom = 96 * 1024;
const composeBlocks = 4;

/** The memory that all client connections of a worker share. */
export interface Memory {
  /** What is read from any client. */
  readonly clients: Block;
  /** Where kept bytes and new ones are put together. */
  readonly join: Block;
  /** A block to write from: not lent. To be asked for anew for every write. */
  compose(): Block;
}

/**
 * All blocks lie in one arena, so that a request's bytes go from where they were read to where they are written with
 * `copyWithin`, which needs no views.
 *
 * @param mostHead bytes of a request's head at most
 */
export function createMemory(mostHead = 0): Memory {
  const joinSize = Math.max(keptLimit, mostHead) + joinRoom;
  const composeSize = joinSize + composeRoom + 2 * mostHead;
  const sizes = [readSize, joinSize, ...new Array<number>(composeBlocks).fill(composeSize)];
  const arena = createArena(sizes.reduce((sum, size) => sum + blockBytes(size), 0));
  let offset = 0;
  const [clients, join, ...own] = sizes.map((size) => {
    const block = new Block(size, null, arena, offset);
    offset += blockBytes(size);
    return block;
  });
  if (!clients || !join) throw new RangeError("no memory");
  const others = new BlockPool(composeSize, 16);
  let current = own[0] as Block;
  return {
    clients,
    join,
    compose() {
      if (current.lent === 0 && current.pool === null) return current;
      if (current.pool !== null) others.give(current);
      current = own.find((block) => block.lent === 0) ?? others.take();
      return current;
    },
  };
}

/** Copies bytes from one block's memory to another's; returns the offset after them. */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  if (to === from) to.copyWithin(at, start, end);
  else to.set(from.subarray(start, end), at);
  return at + end - start;
}

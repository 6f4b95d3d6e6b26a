import { describe, expect, it } from "vitest";
import { Block, BlockPool, constantBlock, headroom } from "../../../../src/gateway/transport/block.ts";
import { ReadBlocks } from "../../../../src/gateway/transport/read-blocks.ts";

describe("a block", () => {
  it("has room before and behind what is read", () => {
    const block = new Block(1_000);
    expect(block.readable.length).toBe(1_000);
    expect(block.readable.byteOffset).toBe(headroom);
    expect(block.bytes.length).toBeGreaterThan(headroom + 1_000);
    block.readable[0] = 7;
    expect([block.bytes[headroom], block.words.getUint8(headroom)]).toEqual([7, 7]);
  });

  it("makes a view once while the same one is asked for, and the right one always", () => {
    const block = new Block(100_000);
    expect(block.view(10, 20)).toBe(block.view(10, 20));
    for (let i = 0; i < 3_000; i++) {
      const [start, end] = [(i * 7_919) % 50_000, 50_000 + ((i * 104_729) % 50_000)];
      const view = block.view(start, end);
      expect([view.byteOffset, view.length]).toEqual([start, end - start]);
    }
  });

  it("may hold bytes that never change", () => {
    const block = constantBlock(Buffer.from("always"));
    expect(Buffer.from(block.view(headroom, headroom + 6)).toString()).toBe("always");
    expect(block.pool).toBeNull();
  });
});

describe("a pool of blocks", () => {
  it("uses blocks again", () => {
    const pool = new BlockPool(100, 10);
    const block = pool.take();
    expect([pool.made, pool.free]).toEqual([1, 0]);
    pool.give(block);
    expect([pool.made, pool.free]).toEqual([1, 1]);
    expect(pool.take()).toBe(block);
  });

  it("but not while they are lent", () => {
    const pool = new BlockPool(100, 10);
    const block = pool.take();
    block.lent += 2;
    pool.give(block);
    expect(pool.take()).not.toBe(block);
    pool.returned(block);
    expect(pool.free).toBe(0);
    pool.returned(block);
    expect(pool.take()).toBe(block);
  });

  it("gets nothing back when a write ends of a block that is in use", () => {
    const pool = new BlockPool(100, 10);
    const block = pool.take();
    block.lent += 1;
    pool.returned(block);
    expect(pool.free).toBe(0);
    pool.give(block);
    expect(pool.free).toBe(1);
  });

  it("drops what is more than it keeps", () => {
    const pool = new BlockPool(100, 2);
    const blocks = [pool.take(), pool.take(), pool.take()];
    for (const block of blocks) pool.give(block);
    expect([pool.made, pool.free]).toEqual([2, 2]);
  });
});

describe("blocks to read into", () => {
  it("are large up to a limit, then small, and large again", () => {
    const blocks = new ReadBlocks(2);
    const taken = [blocks.take(), blocks.take(), blocks.take()];
    expect(taken.map((block) => block.pool === blocks.large)).toEqual([true, true, false]);
    expect([blocks.scarce, blocks.plenty, blocks.used]).toEqual([true, false, 3]);
    for (const block of taken) block.pool?.give(block);
    expect([blocks.scarce, blocks.plenty, blocks.used]).toEqual([false, true, 0]);
    expect(blocks.take().pool).toBe(blocks.large);
  });

  it("fit what is to be copied", () => {
    const blocks = new ReadBlocks();
    for (const size of [0, 1, 16_384, 16_385, 131_072]) {
      expect(blocks.takeFor(size).readable.length).toBeGreaterThanOrEqual(size);
    }
  });

  it("cost no memory while nothing is read into them", () => {
    const blocks = new ReadBlocks();
    const taken = [blocks.take()];
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 400; i++) taken.push(blocks.take());
    expect(process.memoryUsage.rss() - before).toBeLessThan(20_000_000);
    expect(taken.length).toBe(401);
  });
});

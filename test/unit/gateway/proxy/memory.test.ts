import { describe, expect, it } from "vitest";
import { copyBytes, createMemory, keptLimit } from "../../../../src/gateway/proxy/memory.ts";

describe("the memory of a worker's client connections", () => {
  it("has room to compose whatever can be put together", () => {
    const memory = createMemory();
    expect(memory.join.size).toBeGreaterThanOrEqual(keptLimit + memory.clients.size);
    for (let count = 0; count < 8; count += 1) {
      const block = memory.compose();
      expect(block.size).toBeGreaterThanOrEqual(memory.join.size + 64 * 1024);
      expect(block.bytes.length - block.start).toBeGreaterThanOrEqual(block.size);
      block.lent += 1;
    }
  });

  it("has room for a host that takes all of the largest head, which is said three times", () => {
    const mostHead = 1 << 20;
    const { join, compose } = createMemory(mostHead);
    expect(compose().size).toBeGreaterThanOrEqual(join.size + 2 * mostHead + 64 * 1024);
  });

  it("composes in a block that is not lent, and in the same one while it is not", () => {
    const memory = createMemory();
    const first = memory.compose();
    expect(memory.compose()).toBe(first);
    first.lent += 1;
    const second = memory.compose();
    expect(second).not.toBe(first);
    first.lent -= 1;
    second.lent += 1;
    expect(memory.compose()).toBe(first);
  });

  it("uses blocks again that were taken when all others were lent", () => {
    const memory = createMemory();
    const lent = new Set(
      Array.from({ length: 6 }, () => {
        const block = memory.compose();
        block.lent += 1;
        return block;
      }),
    );
    expect(lent.size).toBe(6);
    for (const block of lent) {
      if (block.pool === null) block.lent -= 1;
      else block.pool.returned(block);
    }
    expect(lent.has(memory.compose())).toBe(true);
  });

  it("copies within one memory and between two", () => {
    const { clients, join } = createMemory();
    expect(clients.bytes).toBe(join.bytes);
    clients.bytes.set([1, 2, 3], clients.start);
    expect(copyBytes(join.bytes, join.start, clients.bytes, clients.start, clients.start + 3)).toBe(
      join.start + 3,
    );
    const apart = new Uint8Array(5);
    expect(copyBytes(apart, 1, join.bytes, join.start, join.start + 3)).toBe(4);
    expect([...apart]).toEqual([0, 1, 2, 3, 0]);
  });
});

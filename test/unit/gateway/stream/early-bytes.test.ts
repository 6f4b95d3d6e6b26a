import { describe, expect, it } from "vitest";
import { EarlyBytes } from "../../../../src/gateway/stream/early-bytes.ts";

describe("bytes that came early", () => {
  it("are kept in order, however many", () => {
    const early = new EarlyBytes();
    const sent = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251));
    for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 3) % 997) {
      early.append(sent, at, Math.min(at + size, sent.length));
    }
    expect(early.length).toBe(sent.length);
    expect(Buffer.from(early.view()).equals(sent)).toBe(true);
  });

  it("can be taken with others before them, and nothing is left", () => {
    const early = new EarlyBytes();
    early.append(Buffer.from("PROXY...hello"), 0, 13);
    early.drop(8);
    expect(Buffer.from(early.view()).toString()).toBe("hello");
    early.append(Buffer.from(", world"), 0, 7);
    const { block, start, end } = early.take(Buffer.from("a longer head: "));
    expect(Buffer.from(block.view(start, end)).toString()).toBe("a longer head: hello, world");
    expect([early.length, early.view().length]).toEqual([0, 0]);
    early.append(Buffer.from("next"), 0, 4);
    expect(Buffer.from(block.view(start, end)).toString()).toBe("a longer head: hello, world");
    expect(Buffer.from(early.view()).toString()).toBe("next");
  });

  it("may be none", () => {
    const { block, start, end } = new EarlyBytes().take(Buffer.from("head"));
    expect(Buffer.from(block.view(start, end)).toString()).toBe("head");
    expect(() => new EarlyBytes().take(Buffer.alloc(5_000))).toThrow(RangeError);
  });
});

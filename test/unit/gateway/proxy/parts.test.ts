import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { Framing } from "../../../../src/gateway/http1/head.ts";
import { BodyTracker } from "../../../../src/gateway/proxy/body.ts";
import { ByteStore } from "../../../../src/gateway/proxy/byte-store.ts";
import { chunkInPlace } from "../../../../src/gateway/proxy/own-chunks.ts";
import { SentRequest } from "../../../../src/gateway/proxy/sent-request.ts";
import { Block } from "../../../../src/gateway/transport/block.ts";

function blockOf(text: string): { block: Block; end: number } {
  const block = new Block(text.length);
  return { block, end: block.start + block.readable.write(text, "latin1") };
}

describe("bytes that are kept", () => {
  it("are those that were given, in order, however many", () => {
    const store = new ByteStore();
    const parts = Array.from({ length: 60 }, (_, index) => Buffer.alloc(index * 17, index));
    for (const part of parts) store.append(Buffer.concat([Buffer.from("<<"), part]), 2, 2 + part.length);
    expect(Buffer.from(store.view()).equals(Buffer.concat(parts))).toBe(true);
    expect(store.length).toBe(store.view().length);
  });

  it("are copies", () => {
    const store = new ByteStore();
    const bytes = Buffer.from("abc");
    store.append(bytes, 0, 3);
    bytes.fill(0);
    expect(Buffer.from(store.view()).toString()).toBe("abc");
  });

  it("are forgotten", () => {
    const store = new ByteStore();
    store.append(Buffer.from("abc"), 0, 3);
    store.clear();
    expect([store.length, store.view().length]).toEqual([0, 0]);
    store.append(Buffer.from("de"), 1, 2);
    expect(Buffer.from(store.view()).toString()).toBe("e");
  });
});

describe("a chunk of one's own", () => {
  it.each([1, 15, 16, 255, 4_096, 131_072])("frames %i bytes where they stand", (length) => {
    const { block, end } = blockOf("x".repeat(length));
    const start = chunkInPlace(block.bytes, block.start, end);
    const text = Buffer.from(block.bytes.slice(start, end + 2)).toString();
    expect(text).toBe(`${length.toString(16)}\r\n${"x".repeat(length)}\r\n`);
  });
});

describe("the request that was sent last", () => {
  it("is kept whole up to 16 KiB", () => {
    const sent = new SentRequest();
    for (const length of [10, 1_024, 5_000, 16_384, 3]) {
      const { block, end } = blockOf("r".repeat(length));
      sent.keep(block, block.start, end, true);
      expect([sent.length, sent.whole, sent.cut]).toEqual([length, true, false]);
      block.bytes.fill(0);
      expect(Buffer.from(sent.bytes.slice(0, length)).toString()).toBe("r".repeat(length));
    }
  });

  it("is not whole when it is larger, or when more follows", () => {
    const sent = new SentRequest();
    const { block, end } = blockOf("r".repeat(16_385));
    sent.keep(block, block.start, end, true);
    expect([sent.length, sent.whole, sent.cut]).toEqual([16_384, false, true]);
    sent.keep(block, block.start, block.start + 9, false);
    expect([sent.length, sent.whole, sent.cut]).toEqual([9, false, false]);
  });
});

describe("a body as it passes", () => {
  function pass(framing: Framing, length: number, text: string, pieces: number) {
    const body = new BodyTracker();
    body.begin(framing, length);
    const { block, end } = blockOf(text);
    let at = block.start;
    while (at < end && !body.done) {
      const stop = Math.min(end, at + pieces);
      const next = body.advance(block.bytes, at, stop);
      if (next < 0) return { body, passed: -1 };
      at = next;
    }
    return { body, passed: at - block.start };
  }

  it.each([1, 2, 100])("of a length ends there, in pieces of %i", (pieces) => {
    const { body, passed } = pass(Framing.length, 5, "12345next", pieces);
    expect([passed, body.done, body.remaining]).toEqual([5, true, 0]);
  });

  it.each([1, 3, 100])("of chunks ends with the last, in pieces of %i", (pieces) => {
    const { body, passed } = pass(Framing.chunked, -1, "3\r\nabc\r\n0\r\n\r\nnext", pieces);
    expect([passed, body.done]).toEqual([13, true]);
  });

  it("of nothing is over at once", () => {
    expect(pass(Framing.none, -1, "next", 9)).toMatchObject({ passed: 0, body: { done: true } });
    expect(pass(Framing.length, 0, "next", 9)).toMatchObject({ passed: 0, body: { done: true } });
  });

  it("that ends with the connection is never over", () => {
    const { body, passed } = pass(Framing.untilClose, -1, "abc", 9);
    expect([passed, body.done]).toEqual([3, false]);
  });

  it("that is malformed says so, now and later", () => {
    const { body, passed } = pass(Framing.chunked, -1, "zz\r\n", 9);
    expect([passed, body.done, body.reason]).toEqual([-1, false, "chunk-size"]);
    expect(body.advance(Buffer.from("0\r\n\r\n"), 0, 5)).toBe(-1);
  });

  it("stands between chunks where the next begins, and only there", () => {
    const body = new BodyTracker();
    body.begin(Framing.chunked, -1);
    expect(body.betweenChunks).toBe(true);
    const bytes = Buffer.from("3\r\nabc\r\n");
    const seen = [...bytes.keys()].map((at) => {
      body.advance(bytes, at, at + 1);
      return body.betweenChunks;
    });
    expect(seen).toEqual([...Array<boolean>(bytes.length - 1).fill(false), true]);
    body.begin(Framing.length, 3);
    expect(body.betweenChunks).toBe(false);
  });
});

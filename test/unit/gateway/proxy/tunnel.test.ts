import { Buffer } from "node:buffer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Tunnel } from "../../../../src/gateway/proxy/tunnel.ts";
import { Block } from "../../../../src/gateway/transport/block.ts";
import { ReadBlocks } from "../../../../src/gateway/transport/read-blocks.ts";
import { MockConnection } from "./mock-transport.ts";

const blocks = new ReadBlocks();
let client: MockConnection;
let target: MockConnection;
let ends: number;
let tunnel: Tunnel;

beforeEach(() => {
  vi.useFakeTimers();
  open(false);
});

afterEach(() => {
  expect([...client.faults, ...target.faults]).toEqual([]);
  expect(ends).toBeLessThanOrEqual(1);
  vi.useRealTimers();
});

function open(webSocket: boolean): void {
  const shared = new Block(131_072);
  shared.shared = true;
  client = new MockConnection(blocks, shared);
  target = new MockConnection(blocks, null);
  target.stand();
  ends = 0;
  const closed = () => {
    ends += 1;
  };
  tunnel = new Tunnel({ client, target, webSocket, closed });
}

/** A frame of a WebSocket: text, or a Close without status. */
function frame(text: string, masked = false, opcode = 1): Buffer {
  const head = [0x80 | opcode, (masked ? 0x80 : 0) | text.length];
  return Buffer.from([...head, ...(masked ? [0, 0, 0, 0] : []), ...Buffer.from(text)]);
}

function close(masked: boolean): Buffer {
  return frame("", masked, 8);
}

/** The Close with 1012, as a client gets it. */
const restart = Buffer.from([0x88, 2, 1012 >> 8, 1012 & 255]);

/** The same as a target gets it: masked by whatever key. */
function isMaskedRestart(bytes: Buffer): boolean {
  const [first, second, ...rest] = bytes;
  const plain = rest.slice(4).map((byte, index) => byte ^ (rest[index] ?? 0));
  return (
    first === 0x88 && second === 0x82 && Buffer.from(plain).equals(restart.subarray(2)) && bytes.length === 8
  );
}

describe("a tunnel", () => {
  it("carries bytes both ways and counts them", () => {
    client.arrive("up!");
    target.arrive("down");
    expect([target.text, client.text, tunnel.up, tunnel.down]).toEqual(["up!", "down", 3, 4]);
  });

  it("passes on what the client sent early, and counts what came with the target's head", () => {
    const block = new Block(4);
    tunnel.begin(block, block.start, block.start + 4, Buffer.from("early"));
    expect([target.text, tunnel.up, tunnel.down]).toEqual(["early", 5, 4]);
  });

  it.each(["client", "target"])("slows the other side down when the %s does not read", (who) => {
    const [reader, writer] = who === "client" ? [client, target] : [target, client];
    reader.congested = true;
    writer.arrive("first");
    expect(writer.paused).toBe(true);
    writer.send("second");
    expect(writer.deliver()).toBe(false);
    reader.congested = false;
    reader.flush();
    expect(writer.paused).toBe(false);
    writer.deliver();
    expect(reader.text).toBe("firstsecond");
  });

  it("has two ends: one side's FIN goes to the other, whose bytes still come", () => {
    client.arrive("last words");
    client.peerEnd();
    client.deliver();
    expect([target.finished, target.text, client.finished, ends]).toEqual([true, "last words", false, 0]);
    target.arrive("answer");
    target.peerEnd();
    target.deliver();
    expect([client.text, ends, client.closed, target.closed]).toEqual(["answer", 1, true, true]);
  });

  it("sends what is queued before it closes", () => {
    client.congested = true;
    target.arrive("slow");
    target.resume();
    target.peerEnd();
    target.deliver();
    client.peerEnd();
    client.deliver();
    expect(ends).toBe(0);
    client.congested = false;
    client.flush();
    expect([client.text, ends]).toEqual(["slow", 1]);
  });

  it.each([
    ["breaks", () => client.peerFail()],
    ["refuses what is queued", () => client.failWrites()],
  ])("closes both when a side %s", (_, happens) => {
    client.congested = true;
    target.arrive("x");
    happens();
    expect([client.closed, target.closed, ends]).toEqual([true, true, 1]);
  });

  it("closes both when a side refuses a write at once", () => {
    client.broken = true;
    target.arrive("x");
    expect([client.closed, target.closed, ends]).toEqual([true, true, 1]);
  });

  it("that is not a WebSocket ends with FIN on both sides, and after a second whatever they say", () => {
    tunnel.close();
    expect([client.finished, target.finished, ends]).toEqual([true, true, 0]);
    vi.advanceTimersByTime(1_000);
    expect([client.closed, target.closed, ends]).toEqual([true, true, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells of its end once", () => {
    tunnel.destroy();
    tunnel.destroy();
    tunnel.close();
    client.peerFail();
    expect([ends, vi.getTimerCount()]).toEqual([1, 0]);
  });
});

describe("a tunnel of a WebSocket", () => {
  beforeEach(() => open(true));

  it("gives both sides a Close with 1012 at its end, waits for theirs, and goes", () => {
    tunnel.close();
    expect(client.output.equals(restart)).toBe(true);
    expect(isMaskedRestart(target.output)).toBe(true);
    client.arrive(close(true));
    expect([client.finished, target.finished]).toEqual([true, true]);
    client.peerEnd();
    target.peerEnd();
    client.deliver();
    target.deliver();
    expect([ends, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it("puts the Close behind the frame that is under way, in every cut", () => {
    const text = frame("hello world");
    for (let cut = 1; cut < text.length; cut += 1) {
      open(true);
      target.arrive(text.subarray(0, cut));
      tunnel.close();
      expect(client.output.equals(text.subarray(0, cut))).toBe(true);
      target.arrive(Buffer.concat([text.subarray(cut), frame("too late")]));
      expect(client.output.equals(Buffer.concat([text, restart]))).toBe(true);
    }
  });

  it("puts the Close to the target behind the client's frame", () => {
    const text = frame("from the client", true);
    client.arrive(text.subarray(0, 9));
    tunnel.close();
    client.arrive(text.subarray(9));
    expect(target.output.subarray(0, text.length).equals(text)).toBe(true);
    expect(isMaskedRestart(target.output.subarray(text.length))).toBe(true);
  });

  it("sends no second Close behind one that a side has sent", () => {
    target.arrive(close(false));
    tunnel.close();
    expect(client.output.equals(close(false))).toBe(true);
  });

  it("does not wait for longer than a second for a side that never comes to a border", () => {
    target.arrive(frame("hello").subarray(0, 3));
    tunnel.close();
    vi.advanceTimersByTime(999);
    expect(ends).toBe(0);
    vi.advanceTimersByTime(1);
    expect([ends, client.closed, target.closed]).toEqual([1, true, true]);
  });

  it("follows the frames that came with the head and before it", () => {
    const block = new Block(64);
    const first = frame("hello").subarray(0, 4);
    block.bytes.set(first, block.start);
    tunnel.begin(block, block.start, block.start + first.length, frame("early", true).subarray(0, 8));
    tunnel.close();
    expect(client.output.length).toBe(0);
    target.arrive(frame("hello").subarray(4));
    expect(client.output.equals(Buffer.concat([frame("hello").subarray(4), restart]))).toBe(true);
    client.arrive(frame("early", true).subarray(8));
    expect(isMaskedRestart(target.output.subarray(frame("early", true).length))).toBe(true);
  });
});

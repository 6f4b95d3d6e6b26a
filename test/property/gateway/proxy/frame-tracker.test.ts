import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameTracker } from "../../../../src/gateway/proxy/frame-tracker.ts";

interface Frame {
  opcode: number;
  masked: boolean;
  length: number;
  /** Bytes that the length takes beside the first: 0, 2 or 8. */
  width: 0 | 2 | 8;
}

const frame: fc.Arbitrary<Frame> = fc
  .record({
    opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
    masked: fc.boolean(),
    length: fc.oneof(fc.nat(5), fc.constantFrom(125, 126, 127, 300, 70_000)),
  })
  .map((one) => ({ ...one, width: one.length < 126 ? 0 : one.length < 65_536 ? 2 : 8 }));

function bytesOf({ opcode, masked, length, width }: Frame): Buffer {
  const head = Buffer.alloc(2 + width + (masked ? 4 : 0), 0x5a);
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (width === 0 ? length : width === 2 ? 126 : 127);
  if (width === 2) head.writeUInt16BE(length, 2);
  if (width === 8) head.writeBigUInt64BE(BigInt(length), 2);
  // A payload that looks like a Close frame.
  return Buffer.concat([head, Buffer.alloc(length, 0x88)]);
}

const cuts = fc.array(fc.nat(80_000), { maxLength: 12 });

describe("the frames of a WebSocket", () => {
  it("have their borders where they end, and no other, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), cuts, (frames, at) => {
        const parts = frames.map(bytesOf);
        const bytes = Buffer.concat(parts);
        const borders = new Set([0]);
        for (let index = 1; index <= parts.length; index += 1) {
          borders.add(Buffer.concat(parts.slice(0, index)).length);
        }
        const stops = [...new Set([...at.map((one) => one % (bytes.length + 1)), bytes.length])].sort(
          (a, b) => a - b,
        );
        const tracker = new FrameTracker();
        let from = 0;
        for (const stop of stops) {
          expect(tracker.track(bytes, from, stop)).toBe(stop);
          expect(tracker.atBorder).toBe(borders.has(stop));
          from = stop;
        }
        expect(tracker.closed).toBe(frames.some(({ opcode }) => opcode === 8));
      }),
      { numRuns: 500 },
    );
  });

  it("are followed to the first border where it is to stop", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 4 }), fc.nat(70_020), (frames, cut) => {
        const bytes = Buffer.concat(frames.map(bytesOf));
        const start = cut % (bytes.length + 1);
        const tracker = new FrameTracker();
        tracker.track(bytes, 0, start);
        let border = 0;
        for (const one of frames) if (border < start) border += bytesOf(one).length;
        expect(tracker.track(bytes, start, bytes.length, true)).toBe(border);
        expect(tracker.atBorder).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("know a Close once its header is whole, not before", () => {
    const bytes = bytesOf({ opcode: 8, masked: true, length: 2, width: 0 });
    const tracker = new FrameTracker();
    tracker.track(bytes, 0, 5);
    expect(tracker.closed).toBe(false);
    tracker.track(bytes, 5, 6);
    expect(tracker.closed).toBe(true);
  });
});

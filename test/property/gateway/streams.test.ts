import fc from "fast-check";
import { expect, test } from "vitest";
import {
  atEventBorder,
  createEventTracker,
  eventBorderIn,
  trackEvents,
} from "../../../src/gateway/event-border.ts";
import {
  atFrameBorder,
  closeFrame,
  createFrameTracker,
  trackFrames,
} from "../../../src/gateway/websocket-frames.ts";

interface Frame {
  opcode: number;
  length: number;
  masked: boolean;
}

function bytesOf({ opcode, length, masked }: Frame): Buffer {
  const head = [0x80 | opcode];
  const flag = masked ? 0x80 : 0;
  if (length < 126) head.push(flag | length);
  else if (length < 65_536) head.push(flag | 126, length >> 8, length & 0xff);
  else head.push(flag | 127, 0, 0, 0, 0, 0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
  if (masked) head.push(1, 2, 3, 4);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(length, 0x88)]);
}

const frame = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 9, 10),
  length: fc.oneof(fc.nat(130), fc.constantFrom(125, 126, 65_535, 65_536, 70_000)),
  masked: fc.boolean(),
});
const cuts = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 40 });

function pieces(whole: Buffer, sizes: number[]): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0, index = 0; at < whole.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    list.push(whole.subarray(at, at + size));
    at += size;
  }
  return list;
}

test("frame borders are found wherever the stream is cut into chunks", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, sizes) => {
      const tracker = createFrameTracker();
      const borders = new Set([0]);
      let end = 0;
      for (const one of frames) {
        end += bytesOf(one).length;
        borders.add(end);
      }
      let at = 0;
      for (const chunk of pieces(Buffer.concat(frames.map(bytesOf)), sizes)) {
        expect(trackFrames(tracker, chunk)).toBe(chunk.length);
        at += chunk.length;
        expect(atFrameBorder(tracker)).toBe(borders.has(at));
      }
      expect(tracker.closed).toBe(false);
    }),
  );
});

test("stopping at a border stops at the first one", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 2, maxLength: 4 }), fc.nat(), (frames, seed) => {
      const whole = Buffer.concat(frames.map(bytesOf));
      const first = bytesOf(frames[0] ?? { opcode: 1, length: 0, masked: false }).length;
      const split = 1 + (seed % first);
      const tracker = createFrameTracker();
      trackFrames(tracker, whole.subarray(0, split));
      expect(split + trackFrames(tracker, whole.subarray(split), true)).toBe(first);
      expect(atFrameBorder(tracker)).toBe(true);
    }),
  );
});

test("a Close frame is seen, and the one that is made is right", () => {
  for (const mask of [null, Uint8Array.of(1, 2, 3, 4)]) {
    const tracker = createFrameTracker();
    trackFrames(tracker, closeFrame(1012, mask));
    expect([tracker.closed, atFrameBorder(tracker)]).toEqual([true, true]);
  }
  expect([...closeFrame(1012, null)]).toEqual([0x88, 2, 0x03, 0xf4]);
  expect([...closeFrame(1012, Uint8Array.of(1, 2, 3, 4))]).toEqual([0x88, 0x82, 1, 2, 3, 4, 0x02, 0xf6]);
});

const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const event = fc.tuple(
  fc.array(fc.stringMatching(/^[a-z: ]{1,8}$/), { minLength: 1, maxLength: 3 }),
  lineEnd,
);

test("an event stream is at a border after a blank line, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), cuts, (events, sizes) => {
      const texts = events.map(([lines, end]) => lines.map((line) => line + end).join("") + end);
      const tracker = createEventTracker();
      expect(atEventBorder(tracker)).toBe(true);
      for (const chunk of pieces(
        Buffer.from(texts.join("")),
        sizes.map((size) => 1 + (size % 7)),
      )) {
        trackEvents(tracker, chunk);
      }
      expect(atEventBorder(tracker)).toBe(true);
      trackEvents(tracker, Buffer.from("data: half"));
      expect(atEventBorder(tracker)).toBe(false);
      expect(eventBorderIn(tracker, Buffer.from(" more\n"))).toBeNull();
      expect(eventBorderIn(tracker, Buffer.from(" more\n\ndata: next"))).toBe(7);
    }),
  );
});

test("a border may lie across two chunks", () => {
  const tracker = createEventTracker();
  trackEvents(tracker, Buffer.from("data: a\n"));
  expect(atEventBorder(tracker)).toBe(false);
  expect(eventBorderIn(tracker, Buffer.from("\ndata: b"))).toBe(1);
});

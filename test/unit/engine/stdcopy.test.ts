import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Output, stdcopyReader } from "../../../src/engine/stdcopy.ts";

function frame({ stream, data }: Output): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

function gather(outputs: Output[]): Record<Output["stream"], string> {
  const of = (stream: Output["stream"]) =>
    Buffer.concat(outputs.filter((output) => output.stream === stream).map(({ data }) => data)).toString(
      "hex",
    );
  return { stdout: of("stdout"), stderr: of("stderr") };
}

const output = fc.record({
  stream: fc.constantFrom<Output["stream"]>("stdout", "stderr"),
  data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

describe("the engine's multiplexed stream", () => {
  test("is taken apart the same however the bytes come", () => {
    fc.assert(
      fc.property(fc.array(output), fc.integer({ min: 1, max: 20 }), (outputs, size) => {
        const bytes = Buffer.concat(outputs.map(frame));
        const read = stdcopyReader();
        const received: Output[] = [];
        for (let at = 0; at < bytes.length; at += size) received.push(...read(bytes.subarray(at, at + size)));
        expect(gather(received)).toEqual(gather(outputs));
      }),
    );
  });

  test("gives out what is there of a frame", () => {
    const bytes = frame({ stream: "stderr", data: Buffer.from("waiting") });
    expect(stdcopyReader()(bytes.subarray(0, 12))).toEqual([{ stream: "stderr", data: Buffer.from("wait") }]);
  });

  test("refuses bytes that are no frames", () => {
    expect(() => stdcopyReader()(Buffer.from("plain text"))).toThrow(/not multiplexed/);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineCutter, streamJson } from "../../../src/engine/lines.ts";

/** Cuts bytes at the given places. */
function portions(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

function cut(chunks: Buffer[], limit?: number): string[] {
  const cutter = lineCutter(limit);
  return [...chunks.flatMap((chunk) => cutter.push(chunk)), ...cutter.end()];
}

describe("cutting lines", () => {
  test("gives the same lines however the bytes come", () => {
    const line = fc.string({ unit: "binary" }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        expect(cut(portions(bytes, cuts))).toEqual(lines.map((text) => Buffer.from(text).toString()));
      }),
    );
  });

  test("takes the carriage return off and gives a last line without an end", () => {
    expect(cut([Buffer.from("one\r\n\ntw"), Buffer.from("o")])).toEqual(["one", "", "two"]);
  });

  test("never keeps more than the limit", () => {
    const bytes = Buffer.from("abcdefgh\nij\n");
    expect(cut([bytes], 3)).toEqual(["abc", "def", "gh", "ij"]);
    expect(
      cut(
        [...bytes].map((byte) => Buffer.from([byte])),
        3,
      ),
    ).toEqual(["abc", "def", "gh", "ij"]);
  });

  test("reads JSON over any borders", async () => {
    const values = [{ a: "ü" }, { b: [1, 2] }];
    const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join("\n"));
    async function* single() {
      for (const byte of bytes) yield Buffer.from([byte]);
    }
    const read: unknown[] = [];
    for await (const value of streamJson(single())) read.push(value);
    expect(read).toEqual(values);
  });
});

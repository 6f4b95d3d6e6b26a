import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readServerName } from "../../../../src/gateway/stream/server-name.ts";
import { extension, helloMessage, records, serverNames } from "../../../unit/gateway/stream/hello.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
const aName = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 255 });
const others = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 65_535 }), fc.uint8Array({ maxLength: 60 }))
    .map(([type, content]) => extension(type, content)),
  { maxLength: 5 },
);

describe("the reader of server names", () => {
  it("finds every name in every hello, however it is cut", () => {
    fc.assert(
      fc.property(aName, others, others, fc.integer({ min: 1, max: 200 }), (name, before, after, size) => {
        const hello = records(helloMessage({ extensions: [...before, serverNames(name), ...after] }), size);
        expect(readServerName(hello, 0, hello.length)).toEqual({ kind: "name", name: name.toLowerCase() });
        for (let end = 0; end < hello.length; end += 1 + (end % 7)) {
          expect(readServerName(hello, 0, end)).toEqual({ kind: "more" });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("throws on no bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(["more", "name", "bad"]).toContain(readServerName(bytes, 0, bytes.length).kind);
      }),
      { numRuns: 3_000 },
    );
  });

  it("throws on no change of a hello, and says the same of it with other bytes behind", () => {
    const place = fc.record({ at: fc.nat({ max: 5_000 }), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(
        aName,
        fc.integer({ min: 1, max: 300 }),
        fc.array(place, { minLength: 1, maxLength: 4 }),
        (name, size, places) => {
          const hello = records(helloMessage({ extensions: [serverNames(name)] }), size);
          for (const { at, byte } of places) hello[at % hello.length] = byte;
          const read = readServerName(hello, 0, hello.length);
          if (read.kind === "more") return;
          const longer = Buffer.concat([hello, Buffer.from("behind")]);
          expect(readServerName(longer, 0, longer.length)).toEqual(read);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("never takes back what it said of a part", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, cut) => {
        const part = readServerName(bytes, 0, cut % (bytes.length + 1));
        if (part.kind !== "more") expect(readServerName(bytes, 0, bytes.length)).toEqual(part);
      }),
      { numRuns: 3_000 },
    );
  });
});

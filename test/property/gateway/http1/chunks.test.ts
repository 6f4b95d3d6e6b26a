import fc from "fast-check";
import { expect, test } from "vitest";
import { createChunks, decodeChunks, scanChunks } from "../../../../src/gateway/http1/chunks.ts";

const data = fc.uint8Array({ minLength: 1, maxLength: 400 });
const extension = fc.constantFrom("", ";a", ";a=b", ';a="b;\\" c"', ";a;b=c");
const trailer = fc.constantFrom("", "T: 1\r\n", "A:\r\nB: c\r\n");

const body = fc
  .record({ parts: fc.array(fc.tuple(data, extension), { maxLength: 6 }), trailer })
  .map(({ parts, trailer }) => {
    const pieces = parts.flatMap(([part, text]) => [
      Buffer.from(`${part.length.toString(16)}${text}\r\n`),
      Buffer.from(part),
      Buffer.from("\r\n"),
    ]);
    return {
      coded: Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)]),
      plain: Buffer.concat(parts.map(([part]) => part)),
    };
  });

/** Lengths of the pieces in which bytes arrive; the last one is as long as need be. */
const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 60 });

test("a chunked body is decoded to what was coded, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(body, pieces, fc.uint8Array({ maxLength: 20 }), ({ coded, plain }, lengths, behind) => {
      const bytes = Buffer.concat([coded, behind]);
      const scanned = Buffer.from(bytes);
      const decoder = createChunks();
      const scanner = createChunks();
      const decoded: Buffer[] = [];
      let p = 0;
      for (const length of [...lengths, bytes.length]) {
        const end = Math.min(bytes.length, p + length);
        const next = decodeChunks(decoder, bytes, p, end);
        expect(scanChunks(scanner, scanned, p, end)).toBe(next);
        decoded.push(Buffer.from(bytes.subarray(p, decoder.dataEnd)));
        p = next;
      }
      expect([p, decoder.done, scanner.done]).toEqual([coded.length, true, true]);
      expect(Buffer.concat(decoded).equals(plain)).toBe(true);
      expect(scanned.equals(Buffer.concat([coded, behind]))).toBe(true);
      expect(bytes.subarray(p).equals(Buffer.from(behind))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

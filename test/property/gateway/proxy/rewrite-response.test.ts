import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createResponseHead, defaultHeadLimits } from "../../../../src/gateway/http1/head.ts";
import { parseResponseHead } from "../../../../src/gateway/http1/response-head.ts";
import { rewriteResponse } from "../../../../src/gateway/proxy/rewrite-response.ts";
import { Block } from "../../../../src/gateway/transport/block.ts";

const names = [
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "TE",
  "Upgrade",
  "Trailer",
  "X-Named",
  "Server",
  "X-A",
  "ETag",
];
const line = fc.tuple(fc.constantFrom(...names), fc.stringMatching(/^[a-z]{1,30}$/));
const insert = fc.stringMatching(/^[A-Z][a-z]{0,60}$/).map((name) => `${name}: x\r\n`);

/** The same with strings. */
function naive(first: string, lines: [string, string][], added: string, keepTrailer: boolean): string {
  const named = lines.filter(([name]) => name === "Connection").map(([, value]) => value.toLowerCase());
  const stays = ([name]: [string, string]) =>
    !["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade"].includes(name) &&
    (name !== "Trailer" || keepTrailer) &&
    !named.includes(name.toLowerCase());
  const kept = lines.filter(stays).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1${first}\r\n${added}${kept.join("")}\r\n`;
}

it("rewriting a head in place gives what strings would give, and leaves the body where it is", () => {
  const head = createResponseHead();
  fc.assert(
    fc.property(
      fc.constantFrom("HTTP/1.1", "HTTP/1.0"),
      fc.constantFrom(" 200 OK", " 404 ", " 200 A longer reason phrase than most have"),
      fc.array(line, { maxLength: 12 }),
      fc.option(insert),
      fc.boolean(),
      fc.string({ maxLength: 20 }),
      (version, first, lines, added, keepTrailer, body) => {
        const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
        const text = Buffer.from(`${version}${first}\r\n${fields}\r\n${body}`, "latin1");
        const block = new Block(text.length);
        block.bytes.set(text, block.start);
        const end = block.start + text.length;
        const headEnd = parseResponseHead(
          block.bytes,
          block.words,
          block.start,
          end,
          head,
          defaultHeadLimits,
        );
        expect(headEnd).toBeGreaterThan(0);
        const bytes = added === null ? null : Buffer.from(added);
        const start = rewriteResponse(block.bytes, head, { dropCoding: true, keepTrailer }, bytes);
        expect(start).toBeGreaterThanOrEqual(block.start - (added?.length ?? 0));
        const made = Buffer.from(block.bytes.slice(start, end)).toString("latin1");
        const expected = naive(first, lines, added ?? "", keepTrailer);
        expect(made).toBe(expected + text.toString("latin1", headEnd - block.start));
      },
    ),
    { numRuns: 2_000 },
  );
});

import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  atEventBorder,
  createEventTracker,
  eventBorderIn,
  leaveChunks,
  trackEvents,
} from "../../../../src/gateway/proxy/event-border.ts";

const border = /(?:\r\n\r\n|\n\n|\r\r)$/;
/** Pieces of event streams, and what looks like the size of a chunk. */
const piece = fc.constantFrom(
  "data: 2",
  "1",
  "2",
  "\n",
  "\r\n",
  "\r",
  "\n\n",
  "\r\n\r\n",
  ":\n",
  "data: x\n\n",
  "02\r\n\r\n",
);
const pieces = fc.array(piece, { minLength: 1, maxLength: 8 });

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

describe("the borders of an event stream", () => {
  it("are found in bytes without chunks, split anywhere", () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const tracker = createEventTracker();
        let text = "";
        expect(atEventBorder(tracker, false)).toBe(true);
        for (const part of parts) {
          const bytes = Buffer.from(`??${part}??`);
          trackEvents(tracker, bytes, 2, 2 + part.length);
          text += part;
          expect(atEventBorder(tracker, false)).toBe(border.test(text));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("are never seen between chunks where there is none, and always after a chunk that ends with one", () => {
    fc.assert(
      fc.property(pieces, fc.boolean(), (parts, together) => {
        const tracker = createEventTracker();
        let text = "";
        let chunks = "";
        const check = (last: string) => {
          const says = atEventBorder(tracker, true);
          if (says) expect(text).toMatch(border);
          const unlike = !/(?:^|\n)0*2\r\n\r\n$/.test(last);
          if (last.length >= 6 && unlike && /[^\r\n][^\r](?:\r\n\r\n|\n\n|\r\r)$/.test(last))
            expect(says).toBe(true);
        };
        for (const part of parts) {
          text += part;
          chunks += chunk(part);
          if (together) continue;
          const bytes = Buffer.from(chunk(part));
          trackEvents(tracker, bytes, 0, bytes.length);
          check(part);
        }
        if (!together) return;
        trackEvents(tracker, Buffer.from(chunks), 0, chunks.length);
        check(parts.at(-1) ?? "");
      }),
      { numRuns: 5_000 },
    );
  });

  it("are found in what follows as an expression would find them", () => {
    fc.assert(
      fc.property(pieces, pieces, (before, next) => {
        const tracker = createEventTracker();
        const text = before.join("");
        const bytes = Buffer.from(text);
        trackEvents(tracker, bytes, 0, bytes.length);
        const fresh = next.join("");
        const found = eventBorderIn(tracker, Buffer.from(`?${fresh}?`), 1, 1 + fresh.length);
        if (found < 0) return;
        expect(text + fresh.slice(0, found - 1)).toMatch(border);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are found in the content of the chunks that follow, and only there", () => {
    fc.assert(
      fc.property(pieces, pieces, (before, next) => {
        const tracker = createEventTracker();
        for (const part of before) {
          const bytes = Buffer.from(chunk(part));
          trackEvents(tracker, bytes, 0, bytes.length);
        }
        leaveChunks(tracker);
        const text = before.join("");
        const fresh = next.join("");
        const found = eventBorderIn(tracker, Buffer.from(fresh), 0, fresh.length);
        if (found >= 0) expect(text + fresh.slice(0, found)).toMatch(border);
        else expect(fresh).not.toMatch(/\n\n|\r\r/);
      }),
      { numRuns: 5_000 },
    );
  });
});

import { describe, expect, test } from "vitest";
import {
  isAcceptableRequestId,
  isTraceparent,
  requestIdLength,
  traceparentLength,
  writeRequestId,
  writeTraceparent,
} from "../../../../src/gateway/edge/identity.ts";

function accepts(check: (bytes: Uint8Array, start: number, end: number) => boolean, text: string): boolean {
  const bytes = Buffer.from(`!!${text}!!`, "latin1");
  return check(bytes, 2, bytes.length - 2);
}

describe("request ids", () => {
  test("are 32 lower-case hexadecimal digits and never the same", () => {
    const out = Buffer.alloc(64, "#");
    const seen = new Set<string>();
    for (let index = 0; index < 5_000; index += 1) {
      expect(writeRequestId(out, 3)).toBe(3 + requestIdLength);
      seen.add(out.toString("latin1", 3, 35));
    }
    expect(seen.size).toBe(5_000);
    for (const id of seen) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(out.toString("latin1", 0, 3) + out.toString("latin1", 35)).toMatch(/^#+$/);
  });

  test("use every digit at every place", () => {
    const out = Buffer.alloc(32);
    const seen = Array.from({ length: 32 }, () => new Set<number>());
    for (let index = 0; index < 2_000; index += 1) {
      writeRequestId(out, 0);
      for (const [place, digit] of out.entries()) seen[place]?.add(digit);
    }
    expect(seen.map((digits) => digits.size)).toEqual(new Array(32).fill(16));
  });

  test("of clients are kept when they are harmless", () => {
    for (const id of ["a", "A-z_0.9:b", "x".repeat(128)])
      expect(accepts(isAcceptableRequestId, id)).toBe(true);
    for (const id of ["", "x".repeat(129), "a b", "a,b", 'a"', "a\r\nb", "a\0", "ä", "a/b", "a;b", "{x}"]) {
      expect(accepts(isAcceptableRequestId, id)).toBe(false);
    }
  });
});

describe("traceparent", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const parent = "b7ad6b7169203331";

  test("is taken as W3C Trace Context section 3.2 says", () => {
    for (const good of [
      `00-${trace}-${parent}-01`,
      `00-${trace}-${parent}-ff`,
      `01-${trace}-${parent}-00`,
      `cc-${trace}-${parent}-01-what-the-future-holds`,
      `01-${trace}-${parent}-01-`,
    ]) {
      expect(accepts(isTraceparent, good), good).toBe(true);
    }
    for (const bad of [
      "",
      `00-${trace}-${parent}-0`,
      `00-${trace}-${parent}-01-`,
      `00-${trace}-${parent}-01 `,
      `01-${trace}-${parent}-01.more`,
      `ff-${trace}-${parent}-01`,
      `0x-${trace}-${parent}-01`,
      `00-${trace.toUpperCase()}-${parent}-01`,
      `00-${"0".repeat(32)}-${parent}-01`,
      `00-${trace}-${"0".repeat(16)}-01`,
      `00-${trace}-${parent}-0g`,
      `00_${trace}-${parent}-01`,
      `00-${trace}_${parent}-01`,
      `00-${trace}-${parent}_01`,
      `00-${trace.slice(1)}-${parent}-011`,
    ]) {
      expect(accepts(isTraceparent, bad), bad).toBe(false);
    }
  });

  test("that is made here is valid, not sampled, and has the request id as trace id", () => {
    const out = Buffer.alloc(128);
    const idEnd = writeRequestId(out, 0);
    expect(writeTraceparent(out, idEnd, 0)).toBe(idEnd + traceparentLength);
    const made = out.toString("latin1", idEnd, idEnd + traceparentLength);
    expect(made).toMatch(new RegExp(`^00-${out.toString("latin1", 0, 32)}-[0-9a-f]{16}-00$`));
    expect(accepts(isTraceparent, made)).toBe(true);
    writeTraceparent(out, 64, -1);
    const other = out.toString("latin1", 64, 64 + traceparentLength);
    expect(accepts(isTraceparent, other)).toBe(true);
    expect(other.slice(3, 52)).not.toBe(made.slice(3, 52));
  });
});

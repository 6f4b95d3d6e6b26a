import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalAddress } from "../../../../src/gateway/edge/address-text.ts";
import {
  longestProxyHeader,
  readProxyHeader,
  writeProxyHeader,
} from "../../../../src/gateway/edge/proxy-protocol.ts";

const place = fc.record({
  address: fc.oneof(
    fc.ipV4(),
    fc.ipV6().filter((text) => canonicalAddress(text) !== null),
  ),
  port: fc.nat(65_535),
});
const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]);
const byte = fc.nat(255);
const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength });

/** Things that look like headers, so that every branch is reached. */
const headerLike = fc.oneof(
  bytesOf(64),
  fc
    .tuple(fc.constant(signature), fc.constantFrom(0x20, 0x21, 0x22, 0x11), byte, fc.nat(5_000), bytesOf(260))
    .map(([start, command, family, length, rest]) =>
      Buffer.concat([start, Buffer.from([command, family, length >> 8, length & 255]), rest]),
    ),
  fc
    .array(
      fc.constantFrom(
        "PROXY",
        "TCP4",
        "TCP6",
        "UNKNOWN",
        " ",
        "1.2.3.4",
        "::1",
        "80",
        "\r\n",
        "\r",
        "\n",
        "x",
      ),
      { maxLength: 16 },
    )
    .map((words) => Buffer.from(`PROXY ${words.join("")}`)),
  fc
    .record({
      version: fc.constantFrom(1 as const, 2 as const),
      source: place,
      destination: place,
      at: byte,
      to: byte,
    })
    .map(({ version, source, destination, at, to }) => {
      const bytes = writeProxyHeader(version, source, destination);
      bytes[at % bytes.length] = to;
      return bytes;
    }),
);

test("what is written is read back, with what follows left alone, and is incomplete at every earlier byte", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1 as const, 2 as const),
      place,
      place,
      bytesOf(20),
      (version, from, to, rest) => {
        const header = writeProxyHeader(version, from, to);
        const whole = Buffer.concat([Buffer.from("@"), header, rest]);
        expect(readProxyHeader(whole, 1, whole.length)).toEqual({
          kind: "header",
          end: 1 + header.length,
          version,
          local: false,
          source: { ...from, address: canonicalAddress(from.address) },
          destination: { ...to, address: canonicalAddress(to.address) },
        });
        for (let end = 1; end < 1 + header.length; end += 1) {
          expect(readProxyHeader(whole, 1, end)).toEqual({ kind: "more" });
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("any bytes are understood, refused or incomplete, and what is decided stays so with more bytes", () => {
  fc.assert(
    fc.property(headerLike, (bytes) => {
      let decided: ReturnType<typeof readProxyHeader> | null = null;
      for (let end = 0; end <= bytes.length; end += 1) {
        const found = readProxyHeader(bytes, 0, end);
        if (decided !== null) expect(found).toEqual(decided);
        else if (found.kind !== "more") decided = found;
        if (found.kind === "header") expect(found.end).toBeLessThanOrEqual(end);
      }
      if (decided === null) expect(bytes.length).toBeLessThan(longestProxyHeader);
    }),
    { numRuns: 2_000 },
  );
});

test("a header that is taken means the same when it is written again", () => {
  fc.assert(
    fc.property(headerLike, (bytes) => {
      const found = readProxyHeader(bytes, 0, bytes.length);
      if (found.kind !== "header" || found.source === null) return;
      const again = writeProxyHeader(found.version, found.source, found.destination);
      expect(readProxyHeader(again, 0, again.length)).toEqual({ ...found, end: again.length });
    }),
    { numRuns: 2_000 },
  );
});

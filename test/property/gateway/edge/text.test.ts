import fc from "fast-check";
import { expect, test } from "vitest";
import { preferredType } from "../../../../src/gateway/edge/accept.ts";
import { canonicalAddress } from "../../../../src/gateway/edge/address-text.ts";
import { createTrust, directClient, resolveClient } from "../../../../src/gateway/edge/client-identity.ts";
import { errorAnswer } from "../../../../src/gateway/edge/error-page.ts";
import { forwardedHop, forwardedHops } from "../../../../src/gateway/edge/forwarded-field.ts";
import { clientFields } from "../../../../src/gateway/edge/forwarding-fields.ts";
import {
  stoppedAt,
  writeEscaped,
  writeMilliseconds,
  writeWhole,
} from "../../../../src/gateway/edge/json-bytes.ts";
import { parseTemplate } from "../../../../src/gateway/edge/page-text.ts";

const text = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes).toString("latin1", start, end);

test("escaped bytes are read back as they were, and never pass the limit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(300), fc.nat(3), (from, room, at) => {
      const out = new Uint8Array(400).fill(0xaa);
      const end = writeEscaped(out, at, at + room, from, 0, from.length);
      const done = stoppedAt();
      expect(end).toBeLessThanOrEqual(at + room);
      expect(JSON.parse(`"${text(out, at, end)}"`)).toBe(text(from, 0, done));
      expect(out.subarray(end).every((byte) => byte === 0xaa)).toBe(true);
      if (done < from.length) expect(room - (end - at)).toBeLessThan(6);
    }),
    { numRuns: 1_000 },
  );
});

test("numbers are written as JSON has them", () => {
  const out = new Uint8Array(40);
  const number = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(2_000),
    fc.constantFrom(999_999_999, 1e9, 1e9 + 1, 1e15, 9e15),
  );
  fc.assert(
    fc.property(number, (value) => {
      expect(text(out, 2, writeWhole(out, 2, value))).toBe(String(value));
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      const written = text(out, 2, writeMilliseconds(out, 2, value));
      expect(written).toMatch(/^\d+\.\d{3}$/);
      expect(Math.abs(Number(written) - value)).toBeLessThanOrEqual(0.000_6);
    }),
    { numRuns: 1_000 },
  );
  for (const value of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(text(out, 0, writeWhole(out, 0, value))).toBe("0");
    expect(text(out, 0, writeMilliseconds(out, 0, value))).toBe("0.000");
  }
});

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((one) => canonicalAddress(one) !== null),
  fc.constantFrom("10.0.0.1", "10.2.0.1", "fd00::1"),
);
const entry = fc.oneof(
  { weight: 4, arbitrary: address },
  address.map((one) => (one.includes(":") ? `[${one}]:80` : `${one}:80`)),
  fc.constantFrom("unknown", "_x", "", " ", '"', "1.2.3.4, 5.6.7.8", "10.0.0.1\t"),
  fc.string({ maxLength: 12 }),
);
const list = fc.option(fc.array(entry, { maxLength: 8 }).map((entries) => entries.join(",")));
const word = fc.option(
  fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("https", "a.example", "443", "a, b")),
);
const trust = createTrust(["10.0.0.0/8", "fd00::/8"]);
const peer = directClient("10.0.0.1", 80, false);

test("whatever a proxy says: the client is the right-most address that is not trusted, and fields are well formed", () => {
  fc.assert(
    fc.property(
      fc.record({ forwardedFor: list, forwarded: fc.oneof(list, word), proto: word, host: word, port: word }),
      (said) => {
        const client = resolveClient(trust, peer, said);
        expect(client.chain.at(-1)).toBe("10.0.0.1");
        expect(client.chain[0]).toBe(client.address);
        // All but the first are proxies that are trusted; so nothing that an outsider wrote stands behind the client.
        expect(client.chain.slice(1).every(trust)).toBe(true);
        expect(client.chain.every((one) => canonicalAddress(one) !== null)).toBe(true);
        const { fields, forwarded, forwardedHost } = clientFields(client, true);
        const lines = text(fields, 0, fields.length).split("\r\n");
        expect(lines.map((line) => line.split(": ")[0])).toEqual([
          "X-Forwarded-For",
          "X-Forwarded-Proto",
          "X-Forwarded-Port",
          "X-Real-IP",
          "Via",
          "",
        ]);
        for (const line of lines) expect(line).toMatch(/^([A-Za-z-]+: [0-9a-zA-Z.:, ]+)?$/);
        expect(client.port).toBeGreaterThan(0);
        if (forwardedHost !== null) expect(text(forwardedHost, 0, 999)).toMatch(/^[!-~]+$/);
        const hops = forwardedHops(text(forwarded ?? fields, 0, 9_999).slice("Forwarded: ".length));
        expect(hops).toHaveLength(client.chain.length);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a hop of Forwarded is read back as it was written", () => {
  const printable = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(address, fc.constantFrom("http", "https"), printable, (one, proto, host) => {
      expect(forwardedHops(forwardedHop(one, proto, host))).toEqual([
        { for: one.includes(":") ? `[${one}]` : one, proto, host: host === "" ? null : host },
      ]);
    }),
  );
});

test("no text makes an answer that is not a whole message", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom("text/html", "text/html;q=0.1,*/*;q=.5")),
      fc.string(),
      fc.stringMatching(/^[\w.:-]{1,128}$/),
      fc.integer({ min: 400, max: 599 }),
      (accept, reason, requestId, status) => {
        expect(["html", "json"]).toContain(preferredType(accept));
        const own = new Map([
          [`${Math.floor(status / 100)}xx.html`, parseTemplate("<p>{{requestId}} {{title}}")],
        ]);
        for (const pages of [undefined, own]) {
          const answer = text(
            errorAnswer(
              { status, accept, requestId, method: "GET", minor: 1, close: true, part: "client", reason },
              pages,
            ),
            0,
            99_999,
          );
          const end = answer.indexOf("\r\n\r\n");
          for (const line of answer.slice(0, end).split("\r\n").slice(1))
            expect(line).toMatch(/^[\w-]+: [ -~]+$/);
          expect(/Content-Length: (\d+)/.exec(answer)?.[1]).toBe(String(answer.length - end - 4));
        }
      },
    ),
    { numRuns: 500 },
  );
});

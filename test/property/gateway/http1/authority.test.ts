import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostEndOf } from "../../../../src/gateway/http1/authority.ts";
import { ascii } from "../../../../src/gateway/http1/octets.ts";

const group = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("0", "1", "ab", "FFFF", "0db8") },
  { weight: 1, arbitrary: fc.constantFrom("", "12345", "g", "1.2.3.4", "192.0.2.256", "1.2.3") },
);
const separator = fc.constantFrom(":", ":", ":", ":", ":", "::");

/** Texts of which many are IPv6 addresses and most others almost. */
const nearlyIpv6 = fc
  .tuple(
    fc.constantFrom("", "", "::", ":"),
    fc.array(fc.tuple(group, separator), { maxLength: 8 }),
    fc.constantFrom("", "1", "f", "::", ":", "192.0.2.1"),
  )
  .map(([begin, groups, end]) => begin + groups.flat().join("") + end);

test("RFC 3986 section 3.2.2: what stands in brackets is an IPv6 address to Node as well", () => {
  let addresses = 0;
  fc.assert(
    fc.property(nearlyIpv6, (text) => {
      const bytes = ascii(`[${text}]:80`);
      const valid = isIPv6(text);
      if (valid) addresses += 1;
      expect([text, hostEndOf(bytes, 0, bytes.length)]).toEqual([text, valid ? text.length + 2 : -1]);
    }),
    { numRuns: 20_000, seed: 3 },
  );
  expect(addresses).toBeGreaterThan(2_000);
});

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,6}$/);

test("a name and its port are told apart", () => {
  fc.assert(
    fc.property(
      fc.array(label, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 0, max: 70_000 })),
      (labels, root, port) => {
        const name = labels.join(".");
        const bytes = ascii(`${name}${root ? "." : ""}${port === null ? "" : `:${port}`}`);
        const valid = port === null || port <= 65_535;
        expect(hostEndOf(bytes, 0, bytes.length)).toBe(valid ? name.length : -1);
      },
    ),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientLimits } from "../../../../src/gateway/edge/client-limits.ts";

const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:1::1", "");

test("counts are those of the connections that are there, whatever comes and goes", () => {
  fc.assert(
    fc.property(
      fc.nat(6),
      fc.nat(3),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.boolean(), address, fc.boolean(), fc.nat(99)), { maxLength: 60 }),
      (maxConnections, maxConnectionsPerAddress, workers, steps) => {
        const there: [string, boolean][] = [];
        const limits: ClientLimits = new ClientLimits(
          { maxConnections, maxConnectionsPerAddress },
          workers,
          () => {
            const last = there.pop();
            if (last !== undefined) limits.left(...last);
          },
        );
        for (const [comes, who, trusted, pick] of steps) {
          if (comes) {
            if (limits.admit(who, trusted)) there.push([who, trusted]);
          } else {
            const [gone] = there.splice(pick % (there.length || 1), 1);
            if (gone !== undefined) limits.left(...gone);
          }
          const counted = there.filter(([at, free]) => !free && at !== "").map(([at]) => at);
          expect(limits.count).toBe(there.length);
          expect(limits.count).toBeLessThanOrEqual(limits.most);
          expect(limits.addresses).toBe(new Set(counted).size);
          for (const one of counted) {
            expect(counted.filter((other) => other === one).length).toBeLessThanOrEqual(
              limits.mostPerAddress,
            );
          }
        }
      },
    ),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Claim, type ClaimPhase, Ledger } from "../../../src/gateway/claims.ts";
import { addCounts, countClaims, cutAll } from "../../../src/gateway/drain-count.ts";
import type { Match } from "../../../src/gateway/table.ts";

const match: Match = {
  route: { id: "r", app: "a", listener: "http", hosts: [], path: "/", priority: 0, backend: "b" },
  backend: { id: "b", app: "a", service: "web", release: 1, targets: [] },
};
const phases: ClaimPhase[] = ["waiting", "streaming", "long"];

const step = fc.oneof(
  fc.record({ do: fc.constant("claim" as const), target: fc.nat(3) }),
  fc.record({ do: fc.constant("enter" as const), which: fc.nat(30), phase: fc.constantFrom(...phases) }),
  fc.record({ do: fc.constant("release" as const), which: fc.nat(30) }),
);

test("the ledger agrees with a plain count after any steps, however often a claim is released", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let changes = 0;
      const ledger = new Ledger(() => {
        changes += 1;
      });
      const claims: Claim[] = [];
      const plain: { target: string; phase: ClaimPhase; open: boolean }[] = [];
      for (const one of steps) {
        if (one.do === "claim") {
          const target = { id: `t${one.target}`, address: "10.0.0.1", port: 80 };
          claims.push(ledger.claim(match, target));
          plain.push({ target: target.id, phase: "waiting", open: true });
        } else {
          const claim = claims[one.which];
          const known = plain[one.which];
          if (!claim || !known) continue;
          if (one.do === "release") {
            claim.release();
            known.open = false;
          } else {
            claim.enter(one.phase);
            if (known.open) known.phase = one.phase;
          }
        }
        for (const target of ["t0", "t1", "t2", "t3"]) {
          const open = plain.filter((known) => known.target === target && known.open);
          expect(ledger.inFlight(target)).toBe(open.length);
          for (const overdue of [false, true]) {
            const counted = countClaims(
              ledger.of(target).map((claim) => claim.phase),
              overdue,
            );
            expect(counted.requests + counted.connections).toBe(open.length);
            expect(counted.connections).toBe(
              open.filter((known) => known.phase === "long" || (overdue && known.phase === "streaming"))
                .length,
            );
          }
        }
      }
      for (const claim of claims) claim.release();
      expect(ledger.all()).toEqual([]);
      expect(changes).toBeGreaterThanOrEqual(claims.length * 2);
    }),
  );
});

test("what a dead worker held is all cut, and nothing is lost from the sum", () => {
  const count = fc.record({
    target: fc.constant("t"),
    requests: fc.nat(9),
    connections: fc.nat(9),
    cutRequests: fc.nat(9),
    closedConnections: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(count), fc.nat(), (counts, index) => {
      const before = addCounts(counts);
      const after = addCounts(counts.map((one, at) => (at === index ? cutAll(one) : one)));
      expect(after.requests + after.cutRequests).toBe(before.requests + before.cutRequests);
      expect(after.connections + after.closedConnections).toBe(before.connections + before.closedConnections);
    }),
  );
});

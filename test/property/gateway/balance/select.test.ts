import fc from "fast-check";
import { expect, test } from "vitest";
import { selectTarget } from "../../../../src/gateway/balance/select.ts";
import { TriedTargets } from "../../../../src/gateway/balance/tried-targets.ts";
import { BackendState, TargetState } from "../../../../src/gateway/target-state.ts";

const now = 1_000;

interface Condition {
  weight: number;
  inFlight: number;
  limit: number;
  down: boolean;
  ejectedUntil: number;
  suspectUntil: number;
  tried: boolean;
}

const condition: fc.Arbitrary<Condition> = fc.record({
  weight: fc.constantFrom(0, 1, 1, 1, 2, 0.5),
  inFlight: fc.nat(4),
  limit: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 2),
  down: fc.boolean(),
  ejectedUntil: fc.constantFrom(0, now, now + 1),
  suspectUntil: fc.constantFrom(0, now, now + 1),
  tried: fc.boolean(),
});

const isInOrder = (one: Condition) => !one.down && one.ejectedUntil <= now;
const rank = (one: Condition) => (one.tried ? 2 : 0) + (one.suspectUntil > now ? 1 : 0);

test("the choice is of the best there is, below its limit, and null only where there is none", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(condition, { maxLength: 20 }),
        fc.array(
          condition.map((one) => ({ ...one, weight: 1, down: false, ejectedUntil: 0 })),
          { minLength: 9, maxLength: 20 },
        ),
      ),
      fc.constantFrom(0, 500, 5_000),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (conditions, slowStartMs, stream) => {
        const targets = conditions.map((one, index) => {
          const made = { id: `t${index}`, address: "10.0.0.1", port: 80, weight: one.weight };
          const { inFlight, limit, down, ejectedUntil, suspectUntil } = one;
          return Object.assign(new TargetState(made, 0), {
            inFlight,
            limit,
            down,
            ejectedUntil,
            suspectUntil,
          });
        });
        const backend = new BackendState(
          { id: "b", app: "a", service: "s", release: 1, targets, policy: { slowStartMs } },
          targets,
        );
        const tried = new TriedTargets();
        for (const [index, one] of conditions.entries()) {
          const target = targets[index];
          if (one.tried && target) tried.add(target);
        }
        const chosen = selectTarget(backend, now, () => stream.next().value ?? 0, tried);

        const weighted = conditions.filter((one) => one.weight > 0);
        const inOrder = weighted.filter(isInOrder);
        const eligible = (inOrder.length > 0 ? inOrder : weighted).filter((one) => one.inFlight < one.limit);
        if (eligible.length === 0) {
          expect(chosen).toBeNull();
          return;
        }
        const condition = conditions[chosen ? targets.indexOf(chosen) : -1];
        if (!condition) throw new Error("nothing was chosen");
        expect(eligible).toContain(condition);
        expect(rank(condition)).toBe(Math.min(...eligible.map(rank)));
        const equal = new Set(conditions.map((one) => one.weight)).size === 1 && slowStartMs === 0;
        const peers = eligible.filter((one) => rank(one) === rank(condition)).map((one) => one.inFlight);
        if (equal && conditions.length <= 8) expect(condition.inFlight).toBe(Math.min(...peers));
        if (equal && peers.length > 1) {
          expect(condition.inFlight).toBeLessThanOrEqual(peers.toSorted((a, b) => a - b).at(-2) ?? -1);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

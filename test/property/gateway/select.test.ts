import fc from "fast-check";
import { expect, test } from "vitest";
import { type Load, selectTarget } from "../../../src/gateway/select.ts";

const targets = fc
  .array(fc.record({ inFlight: fc.nat(5), suspect: fc.boolean(), tried: fc.boolean() }), { maxLength: 20 })
  .map((list) => list.map((state, index) => ({ ...state, id: `t${index}`, address: "10.0.0.1", port: 80 })));

type State = { id: string; inFlight: number; suspect: boolean; tried: boolean };

function loadOf(states: State[]): Load {
  const state = (id: string) => states.find((one) => one.id === id);
  return { inFlight: (id) => state(id)?.inFlight ?? 0, isSuspect: (id) => state(id)?.suspect ?? false };
}

test("there is a choice exactly when there are targets, and it is one of them, of the best class", () => {
  fc.assert(
    fc.property(
      targets,
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (states, stream) => {
        const tried = new Set(states.filter((one) => one.tried).map((one) => one.id));
        const chosen = selectTarget(states, loadOf(states), tried, () => stream.next().value ?? 0);
        if (states.length === 0) {
          expect(chosen).toBeNull();
          return;
        }
        const state = states.find((one) => one.id === chosen?.id);
        expect(state).toBeDefined();
        if (!state) return;
        const rank = (one: State) => (one.tried ? 2 : 0) + (one.suspect ? 1 : 0);
        expect(rank(state)).toBe(Math.min(...states.map(rank)));
        const same = states.filter((one) => rank(one) === rank(state));
        if (same.length <= 8) expect(state.inFlight).toBe(Math.min(...same.map((one) => one.inFlight)));
        else expect(same.some((one) => one.id !== state.id && one.inFlight >= state.inFlight)).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("ties are broken evenly", () => {
  const equal = [0, 1, 2].map((index) => ({ id: `t${index}`, address: "10.0.0.1", port: 80 }));
  const counts = new Map<string, number>();
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let round = 0; round < 3_000; round += 1) {
    const chosen = selectTarget(equal, { inFlight: () => 0, isSuspect: () => false }, new Set(), random);
    counts.set(chosen?.id ?? "", (counts.get(chosen?.id ?? "") ?? 0) + 1);
  }
  for (const count of counts.values()) expect(count).toBeGreaterThan(850);
  expect(counts.size).toBe(3);
});

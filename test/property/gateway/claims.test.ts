import fc from "fast-check";
import { expect, it } from "vitest";
import { TargetClaim, claimsOf } from "../../../src/gateway/claims.ts";
import { TargetState } from "../../../src/gateway/target-state.ts";

const cutter = { timeout: () => undefined, close: () => undefined };
const step = fc.record({
  kind: fc.constantFrom("begin", "release", "enter"),
  claim: fc.nat(5),
  target: fc.nat(1),
  phase: fc.constantFrom<"waiting" | "streaming" | "long">("waiting", "streaming", "long"),
});

it("claims, their counts and the lists of targets agree in every order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const targets = [0, 1].map(
        (id) => new TargetState({ id: `t${id}`, address: "192.0.2.1", port: id }, 0),
      );
      const claims = Array.from({ length: 6 }, () => new TargetClaim(cutter));
      const model = new Map<TargetClaim, { target: TargetState; phase: string }>();
      const watched: TargetState[] = [];
      const freed: TargetState[] = [];
      for (const target of targets) {
        target.watch = (one) => watched.push(one);
        target.freed = (one) => freed.push(one);
      }
      for (const { kind, ...which } of steps) {
        const claim = claims[which.claim] as TargetClaim;
        const target = targets[which.target] as TargetState;
        const held = model.get(claim);
        const { turn } = claim;
        watched.length = 0;
        freed.length = 0;
        if (kind === "begin" && held === undefined) {
          claim.begin(target, which.phase);
          model.set(claim, { target, phase: which.phase });
          expect([watched, freed, claim.turn]).toEqual([[target], [], turn + 1]);
        } else if (kind === "release") {
          claim.release();
          model.delete(claim);
          const told = held === undefined ? [] : [held.target];
          expect([watched, freed, claim.turn]).toEqual([told, told, held === undefined ? turn : turn + 1]);
        } else if (kind === "enter") {
          claim.enter(which.phase);
          const changed = held !== undefined && held.phase !== which.phase;
          if (held !== undefined) held.phase = which.phase;
          expect([watched.length, freed, claim.turn]).toEqual([changed ? 1 : 0, [], turn]);
        }
        for (const one of targets) {
          const own = [...model].filter(([, state]) => state.target === one).map(([owner]) => owner);
          expect(new Set(claimsOf(one))).toEqual(new Set(own));
          expect(claimsOf(one)).toHaveLength(own.length);
          expect(one.inFlight).toBe(own.length);
        }
        for (const [owner, { target: of, phase }] of model)
          expect([owner.target, owner.phase]).toEqual([of, phase]);
      }
    }),
    { numRuns: 500 },
  );
});

import { describe, expect, it } from "vitest";
import { TargetClaim, claimsOf } from "../../../src/gateway/claims.ts";
import { TargetState } from "../../../src/gateway/target-state.ts";

const cutter = { timeout: () => undefined, close: () => undefined };
const target = () => new TargetState({ id: "t", address: "192.0.2.1", port: 80 }, 0);

describe("a claim", () => {
  it("counts from its begin to its release, once", () => {
    const to = target();
    const claim = new TargetClaim(cutter);
    claim.begin(to);
    expect([to.inFlight, claim.phase, claim.target]).toEqual([1, "waiting", to]);
    claim.release();
    claim.release();
    expect([to.inFlight, to.claims, claim.target]).toEqual([0, null, null]);
  });

  it("is of another turn with every exchange", () => {
    const to = target();
    const claim = new TargetClaim(cutter);
    const turns = new Set<number>();
    for (let exchange = 0; exchange < 3; exchange += 1) {
      claim.begin(to);
      turns.add(claim.turn);
      claim.enter("streaming");
      turns.add(claim.turn);
      claim.release();
    }
    expect(turns.size).toBe(3);
  });

  it("can be released while all of a target's claims are gone through", () => {
    const to = target();
    const claims = Array.from({ length: 5 }, () => new TargetClaim(cutter));
    for (const claim of claims) claim.begin(to);
    for (const claim of claimsOf(to)) claim.release();
    expect([to.inFlight, to.claims]).toEqual([0, null]);
  });

  it("enters nothing once it is released", () => {
    const to = target();
    let changes = 0;
    to.watch = () => {
      changes += 1;
    };
    const claim = new TargetClaim(cutter);
    claim.begin(to);
    claim.release();
    claim.enter("long");
    expect(changes).toBe(2);
  });
});

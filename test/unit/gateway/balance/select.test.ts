import { describe, expect, test } from "vitest";
import {
  hasTargets,
  isUsable,
  selectTarget,
  slowStartShare,
} from "../../../../src/gateway/balance/select.ts";
import { TriedTargets } from "../../../../src/gateway/balance/tried-targets.ts";
import type { BackendState } from "../../../../src/gateway/target-state.ts";
import { backendOf, seededRandom } from "./backend.ts";

const now = 1_000;

/** How often each target is chosen when every request stays in flight for as long as `concurrent` others come. */
function sharesOf(backend: BackendState, rounds: number, concurrent: number, at = now): number[] {
  const random = seededRandom();
  const counts = backend.targets.map(() => 0);
  const inFlight: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const chosen = selectTarget(backend, at, random, null);
    const index = chosen ? backend.targets.indexOf(chosen) : -1;
    if (!chosen) throw new Error("nothing was chosen");
    chosen.inFlight += 1;
    counts[index] = (counts[index] ?? 0) + 1;
    inFlight.push(index);
    if (inFlight.length <= concurrent) continue;
    const ended = inFlight.splice(Math.floor(random() * inFlight.length), 1)[0] ?? 0;
    const target = backend.targets[ended];
    if (target) target.inFlight -= 1;
  }
  return counts.map((count) => count / rounds);
}

function choose(backend: BackendState, tried: TriedTargets | null = null, at = now): string | null {
  return selectTarget(backend, at, seededRandom(), tried)?.id ?? null;
}

function stateAt(backend: BackendState, index: number) {
  const target = backend.targets[index];
  if (!target) throw new Error(`no target ${index}`);
  return target;
}

describe("the fewest requests in flight", () => {
  test("for equal weights, ties evenly at random", () => {
    const backend = backendOf([1, 1, 1]);
    stateAt(backend, 0).inFlight = 2;
    stateAt(backend, 1).inFlight = 1;
    expect(choose(backend)).toBe("t2");
    for (const share of sharesOf(backendOf([1, 1, 1]), 3_000, 0)) expect(share).toBeCloseTo(1 / 3, 1);
  });

  test("with weights, under load and without", () => {
    const loaded = sharesOf(backendOf([3, 1]), 4_000, 100);
    expect(loaded[0]).toBeCloseTo(0.75, 1);
    const idle = sharesOf(backendOf([3, 1]), 4_000, 0);
    expect(idle[0]).toBeGreaterThan(0.7);
    expect(idle[1]).toBeGreaterThan(0.1);
  });

  test("above eight targets, evenly and below the worst by far", () => {
    const shares = sharesOf(backendOf(new Array<number>(40).fill(1)), 20_000, 200);
    for (const share of shares) expect(share).toBeCloseTo(1 / 40, 2);
    const weighted = sharesOf(backendOf([30, ...new Array<number>(30).fill(1)]), 20_000, 400);
    expect(weighted[0]).toBeCloseTo(0.5, 1);
  });

  test("in a slow start a target grows from a tenth to its full share", () => {
    const backend = backendOf([1, 1], { slowStartMs: 10_000 });
    const late = backendOf([1, 1], { slowStartMs: 10_000 });
    expect([0, 5_000, 10_000, 60_000].map((age) => slowStartShare(age, 10_000))).toEqual([0.1, 0.55, 1, 1]);
    expect(slowStartShare(0, 0)).toBe(1);
    expect(slowStartShare(-1, 10_000)).toBe(0.1);
    Object.assign(stateAt(backend, 1), { since: 100_000 });
    expect(sharesOf(backend, 4_000, 200, 100_000)[1]).toBeCloseTo(1 / 11, 1);
    Object.assign(stateAt(late, 1), { since: 100_000 });
    expect(sharesOf(late, 4_000, 200, 110_000)[1]).toBeCloseTo(1 / 2, 1);
  });
});

describe("what is not chosen", () => {
  test("weight 0 gets nothing, also when it is all there is", () => {
    expect(choose(backendOf([0, 1]))).toBe("t1");
    expect(choose(backendOf([0]))).toBeNull();
    expect(choose(backendOf([0, 0]))).toBeNull();
    expect(hasTargets(backendOf([0, 0]))).toBe(false);
    expect(hasTargets(backendOf([]))).toBe(false);
    expect(hasTargets(backendOf([0, 1]))).toBe(true);
  });

  test("ejected ones until their time is over, and those that are down", () => {
    const backend = backendOf([1, 1]);
    stateAt(backend, 0).inFlight = 50;
    stateAt(backend, 1).ejectedUntil = 2_000;
    expect(choose(backend)).toBe("t0");
    expect(choose(backend, null, 2_000)).toBe("t1");
    stateAt(backend, 1).down = true;
    expect(choose(backend, null, 2_000)).toBe("t0");
    expect(isUsable(stateAt(backend, 1), 2_000)).toBe(false);
  });

  test("suspects and tried ones come last, in this order", () => {
    const backend = backendOf([1, 1, 1]);
    const tried = new TriedTargets();
    stateAt(backend, 2).inFlight = 9;
    stateAt(backend, 0).suspectUntil = 2_000;
    tried.add(stateAt(backend, 1));
    expect(choose(backend, tried)).toBe("t2");
    tried.add(stateAt(backend, 2));
    expect(choose(backend, tried)).toBe("t0");
    tried.add(stateAt(backend, 0));
    expect(choose(backend, tried)).toBe("t1");
    expect(tried.count).toBe(3);
    tried.clear();
    expect(tried.has(stateAt(backend, 0))).toBe(false);
  });

  test("when all are ejected or down they are used all the same", () => {
    const backend = backendOf([1, 1]);
    stateAt(backend, 0).down = true;
    stateAt(backend, 1).ejectedUntil = 2_000;
    stateAt(backend, 0).inFlight = 3;
    expect(choose(backend)).toBe("t1");
    stateAt(backend, 1).limit = 0;
    expect(choose(backend)).toBe("t0");
    const lonely = backendOf([1]);
    stateAt(lonely, 0).down = true;
    expect(choose(lonely)).toBe("t0");
  });

  test("a target at its limit never; a doubtful one is no way around a limit", () => {
    const backend = backendOf([1, 1]);
    stateAt(backend, 0).limit = 2;
    stateAt(backend, 0).inFlight = 2;
    expect(choose(backend)).toBe("t1");
    stateAt(backend, 1).down = true;
    expect(choose(backend)).toBeNull();
    const only = backendOf([1]);
    stateAt(only, 0).limit = 0;
    expect(choose(only)).toBeNull();
  });

  test("among many, also when hardly one is left", () => {
    const backend = backendOf(new Array<number>(30).fill(1));
    for (const target of backend.targets) target.down = target.id !== "t17";
    expect(choose(backend)).toBe("t17");
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { World } from "./lease-world.ts";

const targets = ["one", "two"];
const limits = fc.constantFrom(
  new Map([["one", 1]]),
  new Map([["one", 3]]),
  new Map([["one", 10]]),
  new Map([
    ["one", 2],
    ["two", 2],
  ]),
  new Map([["two", 5]]),
);
const step = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant("arrive" as const), pick: fc.nat(100) }) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant("finish" as const), pick: fc.nat(1_000) }) },
  { weight: 25, arbitrary: fc.record({ kind: fc.constant("down" as const), pick: fc.nat(100) }) },
  { weight: 25, arbitrary: fc.record({ kind: fc.constant("up" as const), pick: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("give up" as const), pick: fc.nat(1_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tick worker" as const), pick: fc.nat(100) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tick primary" as const), pick: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("doubt" as const), pick: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bury" as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const), pick: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("limits" as const), limits }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function act(world: World, one: Step): void {
  const ids = one.kind === "bury" ? [...world.dying] : [...world.workers.keys()];
  const pick = one.kind === "limits" ? 0 : one.pick;
  const id = ids[pick % Math.max(1, ids.length)] ?? -1;
  const worker = world.workers.get(id);
  const which = Math.floor(pick / 10);
  if (one.kind === "limits") world.setLimits(one.limits);
  else if (one.kind === "arrive") worker?.arrive();
  else if (one.kind === "finish") worker?.finish(which);
  else if (one.kind === "give up") worker?.giveUp(which);
  else if (one.kind === "down") world.deliverDown(id);
  else if (one.kind === "up") world.deliverUp(id);
  else if (one.kind === "tick worker") worker?.leases.tick();
  else if (one.kind === "tick primary") world.book.tick();
  else if (one.kind === "doubt") worker?.setDown(targets[which % 2] ?? "", which % 3 === 0);
  else if (one.kind === "kill") world.kill(id);
  else if (one.kind === "bury") world.bury(id);
  else world.join();
}

/** Runs the steps; the limit in force is the old one too until all workers have the new one. */
function run(world: World, steps: readonly Step[]): void {
  const allowed = new Map(world.limits);
  const before = new Map<string, number>();
  for (const one of steps) {
    act(world, one);
    for (const target of targets) {
      const limit = world.limits.get(target) ?? 0;
      allowed.set(target, world.isCommitted ? limit : Math.max(limit, allowed.get(target) ?? 0));
      const inFlight = world.inFlight(target);
      if (inFlight > (allowed.get(target) ?? 0))
        expect(inFlight).toBeLessThanOrEqual(before.get(target) ?? 0);
      before.set(target, inFlight);
    }
  }
}

test("whatever order messages come in: no limit is exceeded, and nothing lies idle in the end while requests wait", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      limits,
      fc.array(step, { maxLength: 150, size: "max" }),
      (workers, first, steps) => {
        const world = new World(workers, first);
        run(world, steps);
        for (const target of targets) for (const one of world.workers.values()) one.setDown(target, false);
        world.settle();
        for (const [target, limit] of world.limits) {
          if (world.waiting > 0) expect(world.inFlight(target)).toBeGreaterThanOrEqual(limit);
        }
        // All that wait are served as requests end, though every worker goes on getting new ones for a while.
        for (let round = 0; world.waiting > 0; round += 1) {
          expect(round).toBeLessThan(500);
          for (const one of world.workers.values()) {
            one.finish(round);
            if (round < 5) one.arrive();
          }
          world.settle();
        }
      },
    ),
    { numRuns: 1_500 },
  );
});

describe("in a world that is fair", () => {
  test("a worker that holds nothing gets its part of what another uses without end", () => {
    const world = new World(2, new Map([["one", 4]]));
    world.deliverAll();
    const [busy, late] = [...world.workers.values()];
    if (!busy || !late) throw new Error("there are two");
    for (let count = 0; count < 50; count += 1) busy.arrive();
    world.settle();
    expect([busy.inFlight("one"), late.inFlight("one")]).toEqual([4, 0]);
    for (let count = 0; count < 50; count += 1) late.arrive();
    world.settle();
    for (let count = 0; count < 4; count += 1) busy.finish(0);
    world.settle();
    expect([busy.inFlight("one"), late.inFlight("one")]).toEqual([2, 2]);
  });

  test("a single share goes round among workers that all wait", () => {
    const world = new World(4, new Map([["one", 1]]));
    world.deliverAll();
    for (const worker of world.workers.values()) for (let count = 0; count < 100; count += 1) worker.arrive();
    world.settle();
    for (let round = 0; round < 40; round += 1) {
      world.book.tick();
      world.deliverAll();
      for (const worker of world.workers.values()) worker.finish(0);
      world.deliverAll();
    }
    const served = [...world.workers.values()].map((worker) => worker.served);
    expect(served.reduce((total, count) => total + count)).toBe(41);
    expect(Math.min(...served)).toBeGreaterThanOrEqual(9);
  });

  test("where all have enough, nothing is said; where one is short, a handful of messages", () => {
    const world = new World(4, new Map([["one", 100]]));
    world.deliverAll();
    const [first] = [...world.workers.values()];
    if (!first) throw new Error("there are four");
    const before = world.messages;
    for (let count = 0; count < 25; count += 1) first.arrive();
    world.deliverAll();
    expect(world.messages - before).toBe(0);
    for (let count = 25; count < 100; count += 1) first.arrive();
    world.deliverAll();
    expect([first.inFlight("one"), first.queue.size]).toEqual([100, 0]);
    expect(world.messages - before).toBeLessThan(40);
  });

  test("a dead worker's shares are used only after its end", () => {
    const world = new World(2, new Map([["one", 2]]));
    world.deliverAll();
    const [dying, other] = [...world.workers.entries()];
    if (!dying || !other) throw new Error("there are two");
    for (let count = 0; count < 3; count += 1) other[1].arrive();
    dying[1].arrive();
    world.deliverAll();
    world.kill(dying[0]);
    world.deliverAll();
    for (const worker of world.workers.values()) worker.leases.tick();
    world.deliverAll();
    expect([other[1].inFlight("one"), other[1].queue.size]).toEqual([1, 2]);
    world.bury(dying[0]);
    world.deliverAll();
    expect([other[1].inFlight("one"), other[1].queue.size]).toEqual([2, 1]);
  });

  test("a target that leaves the table and comes back has its limit while old requests are in flight", () => {
    const limit = new Map([["one", 2]]);
    const world = new World(2, limit);
    world.deliverAll();
    const [first, second] = [...world.workers.values()];
    if (!first || !second) throw new Error("there are two");
    first.arrive();
    world.setLimits(new Map());
    world.deliverAll();
    world.setLimits(limit);
    world.deliverAll();
    for (let count = 0; count < 5; count += 1) second.arrive();
    world.settle();
    expect([first.inFlight("one"), second.inFlight("one")]).toEqual([1, 1]);
    first.finish(0);
    world.settle();
    expect([first.inFlight("one"), second.inFlight("one")]).toEqual([0, 2]);
  });
});

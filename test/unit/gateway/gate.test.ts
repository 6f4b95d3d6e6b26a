import { setImmediate as turnOfLoop } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { TargetClaim } from "../../../src/gateway/claims.ts";
import { Gate, Outcome, type Waiter } from "../../../src/gateway/gate.ts";
import { compileTable } from "../../../src/gateway/routing/table.ts";
import { Targets } from "../../../src/gateway/targets.ts";
import { TriedTargets } from "../../../src/gateway/balance/tried-targets.ts";
import type { BackendPolicy, RoutingTable } from "../../../src/model/route.ts";

const http = { host: null, port: 80 };
const cutter = { timeout: () => undefined, close: () => undefined };

/** A gate before targets of the given limits, and what becomes of those who ask at it. */
function scene(limits: readonly number[], policy: BackendPolicy = {}) {
  const gate = new Gate();
  const targets = new Targets(() => undefined);
  const log: string[] = [];
  let generation = 0;
  const table = (count: number, backend: string): RoutingTable => ({
    generation,
    listeners: [{ name: "own", host: null, port: 81, protocol: "tcp" }],
    routes: [],
    streams: [{ id: "r", app: "a", listener: "own", serverNames: [], backend }],
    backends: [
      {
        id: backend,
        app: "a",
        service: "s",
        release: 1,
        policy,
        targets: Array.from({ length: count }, (_, index) => ({
          id: `${backend}${index}`,
          address: "10.0.0.1",
          port: 1 + index,
        })),
      },
    ],
  });
  const open = (own: readonly number[], backend = "b", held = false) => {
    generation += 1;
    gate.hold();
    const compiled = compileTable(table(own.length, backend), http, (one) => targets.destination(one, 0));
    targets.adopt(compiled);
    for (const [index, target] of [...targets.present()].entries()) target.limit = own[index] ?? 0;
    gate.open(compiled, held);
  };
  const target = (index: number) => {
    const found = [...targets.present()][index];
    if (!found) throw new Error(`there is no target ${index}`);
    return found;
  };
  const ask = (name: string, tried: TriedTargets | null = null) => {
    const claim = new TargetClaim(cutter);
    const seek = () => {
      const outcome = gate.claimStream("own", null, claim, tried);
      if (outcome === Outcome.claimed) log.push(`${name} ${claim.target?.id} ${claim.phase}`);
      else if (!gate.wait(waiter, outcome, claim, tried)) log.push(`${name} refused ${outcome}`);
    };
    const waiter: Waiter = {
      retry: seek,
      overdue: (outcome) => void log.push(`${name} overdue ${outcome}`),
    };
    seek();
    return { claim, waiter };
  };
  if (limits.length > 0) open(limits);
  return { gate, log, open, ask, target, targets };
}

test("who waits gets a target at once, in order, and hears of it in a later turn of the loop", async () => {
  const { gate, log, ask, target } = scene([1]);
  const first = ask("one");
  for (const name of ["two", "three", "four"]) ask(name);
  first.claim.release();
  target(0).limit = 2;
  gate.wake();
  expect([target(0).inFlight, log]).toEqual([2, ["one b0 long"]]);
  await turnOfLoop();
  expect(log).toEqual(["one b0 long", "two b0 long", "three b0 long"]);
  expect(gate.waiting).toBe(1);
});

test("nobody overtakes those who wait, even while there is room", async () => {
  const { gate, log, ask, target } = scene([1]);
  const first = ask("one");
  ask("two");
  first.claim.release();
  ask("three");
  expect(target(0).inFlight).toBe(0);
  gate.wake();
  await turnOfLoop();
  expect([target(0).inFlight, gate.waiting, ...log]).toEqual([1, 1, "one b0 long", "two b0 long"]);
});

test("who leaves after its turn came keeps nothing", async () => {
  const { gate, log, ask, target } = scene([0]);
  const leaving = ask("one");
  target(0).limit = 1;
  gate.wake();
  expect(target(0).inFlight).toBe(1);
  gate.forget(leaving.waiter);
  leaving.claim.release();
  await turnOfLoop();
  expect([target(0).inFlight, gate.waiting, ...log]).toEqual([0, 0]);
});

test("one whose claim a drain took before it went on asks anew", async () => {
  const { gate, log, ask, target } = scene([0]);
  const waiting = ask("one");
  target(0).limit = 1;
  gate.wake();
  waiting.claim.release();
  await turnOfLoop();
  expect([target(0).inFlight, ...log]).toEqual([1, "one b0 long"]);
});

test("a hold claims nothing for those who wait; what was claimed before goes on; the table takes all along", async () => {
  const { gate, log, ask, target, open } = scene([0]);
  for (const name of ["one", "two"]) ask(name);
  target(0).limit = 1;
  gate.wake();
  gate.hold();
  target(0).limit = 2;
  gate.wake();
  gate.tick(performance.now());
  ask("three");
  await turnOfLoop();
  expect(log).toEqual(["one b0 long"]);
  open([2], "c");
  expect(log).toEqual(["one b0 long", "two c0 long", "three c0 long"]);
  expect(gate.waiting).toBe(0);
});

test("a queue is bounded, and outlives tables with its backend", () => {
  const { gate, log, ask, open } = scene([0], { maxQueued: 2 });
  for (const name of ["one", "two", "three"]) ask(name);
  expect(log).toEqual([`three refused ${Outcome.full}`]);
  open([0]);
  ask("four");
  expect([gate.waiting, ...log.slice(1)]).toEqual([2, `four refused ${Outcome.full}`]);
});

test("a wait is as long as the policy says, over several tables", () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  try {
    const { gate, log, ask, open } = scene([0], { queueMs: 1_000 });
    ask("one");
    vi.advanceTimersByTime(600);
    open([0]);
    ask("two");
    vi.advanceTimersByTime(500);
    gate.tick(performance.now());
    expect(log).toEqual([`one overdue ${Outcome.full}`]);
    gate.hold();
    vi.advanceTimersByTime(600);
    gate.tick(performance.now());
    expect(log).toEqual([`one overdue ${Outcome.full}`, `two overdue ${Outcome.full}`]);
    ask("three");
    vi.advanceTimersByTime(9_999);
    expect(log).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(log.slice(2)).toEqual([`three overdue ${Outcome.held}`]);
  } finally {
    vi.useRealTimers();
  }
});

test("a request waits for a target in order rather than go back to one that failed it", async () => {
  const { gate, log, ask, target } = scene([1, 1]);
  const [failing, busy] = [target(0), target(1)];
  const holder = new TargetClaim(cutter);
  holder.begin(busy);
  const tried = new TriedTargets();
  tried.add(failing);
  ask("one", tried);
  expect(log).toEqual([]);
  holder.release();
  gate.wake();
  await turnOfLoop();
  expect(log).toEqual(["one b1 long"]);
  busy.down = true;
  ask("two", tried);
  expect(log).toEqual(["one b1 long", "two b0 long"]);
});

test("a backend that lost its last target is waited for, one that never had any is not", () => {
  const { gate, log, ask, open } = scene([1]);
  open([]);
  ask("one");
  expect([gate.waiting, log.length]).toEqual([1, 0]);
  open([1]);
  expect(log).toEqual(["one b0 long"]);
  open([], "c");
  ask("two");
  expect(log.slice(1)).toEqual([`two refused ${Outcome.noTarget}`]);
});

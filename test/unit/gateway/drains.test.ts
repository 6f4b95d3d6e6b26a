import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TargetClaim, claimsOf } from "../../../src/gateway/claims.ts";
import type { DrainCount } from "../../../src/gateway/drain-count.ts";
import { Drains, keepDrainsMs } from "../../../src/gateway/drains.ts";
import { type ClaimPhase, type Cutter, TargetState } from "../../../src/gateway/target-state.ts";

let target: TargetState;
let drains: Drains;
let reports: DrainCount[][];

beforeEach(() => {
  vi.useFakeTimers();
  target = new TargetState({ id: "t", address: "192.0.2.1", port: 80 }, 0);
  reports = [];
  drains = new Drains(
    (id) => (id === "t" ? [target] : []),
    (counts) => reports.push(counts),
  );
});

afterEach(() => {
  vi.useRealTimers();
});

/** A claim that is released by what cuts it, unless `stays`. */
function claim(phase: ClaimPhase, stays = false) {
  const cuts: string[] = [];
  const cut = (how: string) => () => {
    cuts.push(how);
    if (!stays) one.release();
  };
  const cutter: Cutter = { timeout: cut("timeout"), close: cut("close") };
  const one = new TargetClaim(cutter);
  one.begin(target, phase);
  return { one, cuts };
}

const start = (requestsMs: number, connectionsMs: number, spreadMs = 0) =>
  drains.start({ targets: ["t"], requestsMs, connectionsMs, spreadMs });

const count = (requests: number, connections: number, cutRequests = 0, closedConnections = 0) => ({
  target: "t",
  requests,
  connections,
  cutRequests,
  closedConnections,
});

describe("a drain", () => {
  it("counts what a target owes when it begins", () => {
    claim("waiting");
    claim("streaming");
    claim("long");
    expect(start(100, 100)).toEqual([count(2, 1)]);
  });

  it("of an unknown target, or one that owes nothing, is over", () => {
    expect(start(100, 100)).toEqual([count(0, 0)]);
    expect(drains.start({ targets: ["other"], requestsMs: 1, connectionsMs: 1, spreadMs: 1 })).toEqual([
      { ...count(0, 0), target: "other" },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("reports changes soon and the end at once", () => {
    const { one } = claim("waiting");
    const { one: other } = claim("waiting");
    start(10_000, 10_000);
    one.release();
    expect(reports).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(reports).toEqual([[count(1, 0)]]);
    other.release();
    expect(reports.at(-1)).toEqual([count(0, 0)]);
  });

  it("cuts requests that wait at their deadline, not before, and no others", () => {
    const { cuts } = claim("waiting");
    const streaming = claim("streaming");
    start(100, 10_000);
    vi.advanceTimersByTime(99);
    expect(cuts).toEqual([]);
    vi.advanceTimersByTime(1);
    expect([cuts, streaming.cuts]).toEqual([["timeout"], []]);
    vi.advanceTimersByTime(50);
    // What still streams counts as a connection from then on.
    expect(reports.at(-1)).toEqual([count(0, 1, 1)]);
  });

  it("releases the claim of a request that it cut, though it would stay", () => {
    claim("waiting", true);
    start(100, 100);
    vi.advanceTimersByTime(100);
    expect(target.inFlight).toBe(0);
    expect(reports.at(-1)).toEqual([count(0, 0, 1)]);
  });

  it("leaves the claim of the next request on the connection alone", () => {
    const next = new TargetState({ id: "n", address: "192.0.2.2", port: 80 }, 0);
    const cutter: Cutter = {
      timeout() {
        one.release();
        one.begin(next);
      },
      close: () => undefined,
    };
    const one = new TargetClaim(cutter);
    one.begin(target);
    start(100, 100);
    vi.advanceTimersByTime(100);
    expect([target.inFlight, next.inFlight]).toEqual([0, 1]);
  });

  it("closes long-lived connections after their deadline, spread over the time that was given", () => {
    const long = Array.from({ length: 20 }, () => claim("long"));
    start(100, 1_000, 500);
    vi.advanceTimersByTime(999);
    expect(long.flatMap(({ cuts }) => cuts)).toEqual([]);
    const left: number[] = [];
    for (let step = 0; step < 11; step += 1) {
      vi.advanceTimersByTime(50);
      left.push(claimsOf(target).length);
    }
    expect(new Set(left).size).toBeGreaterThan(3);
    expect(left.at(-1)).toBe(0);
    expect(long.every(({ cuts }) => cuts.join() === "close")).toBe(true);
    expect(reports.at(-1)).toEqual([count(0, 0, 0, 20)]);
  });

  it.each([
    [100, 300],
    [300, 100],
    [200, 200],
  ])("closes what still streams once both deadlines are over: %i and %i ms", (requestsMs, connectionsMs) => {
    const { cuts } = claim("streaming");
    start(requestsMs, connectionsMs);
    vi.advanceTimersByTime(Math.max(requestsMs, connectionsMs) - 1);
    expect(cuts).toEqual([]);
    vi.advanceTimersByTime(3);
    expect(cuts).toEqual(["close"]);
  });

  it("closes no exchange that took the place of the one it meant", () => {
    const { one, cuts } = claim("long");
    start(100, 100, 1_000);
    vi.advanceTimersByTime(100);
    one.release();
    one.begin(target, "waiting");
    vi.advanceTimersByTime(2_000);
    expect(cuts).toEqual([]);
  });

  it("keeps its deadlines when it is started again", () => {
    const { cuts } = claim("waiting");
    start(100, 100);
    vi.advanceTimersByTime(60);
    start(10_000, 10_000);
    vi.advanceTimersByTime(40);
    expect(cuts).toEqual(["timeout"]);
  });

  it("does not hold any more once its target is in the table again", () => {
    const { cuts, one } = claim("waiting");
    start(100, 100);
    drains.keep(new Set(["t"]));
    vi.advanceTimersByTime(1_000);
    expect(cuts).toEqual([]);
    one.release();
    expect(reports).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can be asked for its counts for a while after its end, and leaves nothing behind", () => {
    claim("waiting");
    start(100, 100);
    vi.advanceTimersByTime(1_000);
    expect(start(0, 0)).toEqual([count(0, 0, 1)]);
    vi.advanceTimersByTime(keepDrainsMs);
    expect(start(0, 0)).toEqual([count(0, 0)]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

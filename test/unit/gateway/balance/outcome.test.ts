import { describe, expect, test } from "vitest";
import { connectFailed, failed, succeeded } from "../../../../src/gateway/balance/outcome.ts";
import { defaultEjection } from "../../../../src/gateway/target-state.ts";
import { backendOf } from "./backend.ts";

function pair(policy = {}) {
  const backend = backendOf([1, 1], policy);
  const [one, other] = backend.targets;
  if (!one || !other) throw new Error("there are two");
  const failTimes = (times: number, now: number) => {
    const outcomes = Array.from({ length: times }, () => failed(backend, one, now));
    return outcomes.indexOf(true);
  };
  return { backend, one, other, failTimes };
}

describe("ejection", () => {
  test("after five failures in a row, for a second", () => {
    const { one, failTimes } = pair();
    expect(failTimes(4, 100)).toBe(-1);
    succeeded(one);
    expect(failTimes(5, 100)).toBe(4);
    expect(one.ejectedUntil).toBe(1_100);
  });

  test("what fails meanwhile makes it no longer", () => {
    const { one, failTimes } = pair();
    failTimes(5, 100);
    expect(failTimes(50, 1_099)).toBe(-1);
    expect(one.ejectedUntil).toBe(1_100);
  });

  test("back again, one failure is enough until it has answered once, and each time it takes twice as long", () => {
    const { one, failTimes } = pair();
    failTimes(5, 0);
    const lengths: number[] = [];
    for (let now = one.ejectedUntil; lengths.length < 7; now = one.ejectedUntil) {
      expect(failTimes(1, now)).toBe(0);
      lengths.push(one.ejectedUntil - now);
    }
    expect(lengths).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    succeeded(one);
    expect(failTimes(4, one.ejectedUntil)).toBe(-1);
  });

  test("is forgotten slowly: once for every maxMs without one", () => {
    const { one, failTimes } = pair({ ejection: { failures: 1, baseMs: 10, maxMs: 1_000 } });
    failTimes(1, 0);
    failTimes(1, one.ejectedUntil);
    failTimes(1, one.ejectedUntil);
    expect(one.ejections).toBe(3);
    const soon = one.ejectedUntil + 1_000;
    failTimes(1, soon);
    expect(one.ejectedUntil - soon).toBe(40);
    const late = one.ejectedUntil + 60_000;
    failTimes(1, late);
    expect(one.ejectedUntil - late).toBe(10);
  });

  test("never of the last target in order, but as soon as there is another", () => {
    const { one, other, failTimes } = pair();
    other.down = true;
    expect(failTimes(20, 0)).toBe(-1);
    other.down = false;
    other.weight = 0;
    expect(failTimes(1, 0)).toBe(-1);
    other.weight = 1;
    other.ejectedUntil = 50;
    expect(failTimes(1, 49)).toBe(-1);
    expect(failTimes(1, 50)).toBe(0);
    expect(one.ejectedUntil).toBe(1_050);
  });

  test("can be turned off and set", () => {
    const never = pair({ ejection: null });
    expect(never.failTimes(100, 0)).toBe(-1);
    const quick = pair({ ejection: { failures: 2, baseMs: 7, maxMs: 9 } });
    expect(quick.failTimes(2, 0)).toBe(1);
    expect(quick.one.ejectedUntil).toBe(7);
    expect(pair().backend.ejection).toBe(defaultEjection);
  });
});

test("a failed connection counts and makes the target suspect for a second", () => {
  const { backend, one } = pair();
  expect(connectFailed(backend, one, 500)).toBe(false);
  expect([one.failures, one.suspectUntil]).toEqual([1, 1_500]);
  for (let times = 0; times < 3; times += 1) connectFailed(backend, one, 600);
  expect(connectFailed(backend, one, 600)).toBe(true);
});

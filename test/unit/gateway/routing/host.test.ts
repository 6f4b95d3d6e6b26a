import { expect, test } from "vitest";
import { hostKeys, isHostPattern } from "../../../../src/gateway/host.ts";

test("a host's keys are itself and its wildcards, from the longest", () => {
  expect(hostKeys("a.b.c")).toEqual(["a.b.c", "*.b.c", "*.c"]);
  expect(hostKeys("a")).toEqual(["a"]);
});

test("what a host may be is checked in time linear in its length", () => {
  const start = performance.now();
  expect(isHostPattern(`${"a".repeat(1_000_000)}!`)).toBe(false);
  expect(isHostPattern(`${"a-".repeat(127)}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(500);
});

import { expect, test } from "vitest";
import { hostKeys, hostName, isHostPattern } from "../../../../src/gateway/host.ts";

test("a host's keys are itself and its wildcards, from the longest", () => {
  expect(hostKeys("a.b.c")).toEqual(["a.b.c", "*.b.c", "*.c"]);
  expect(hostKeys("a")).toEqual(["a"]);
});

test("the name in a Host field", () => {
  const cases = ["Shop.Example:8080", "shop.example.", "[2001:DB8::1]:80", ":80", "", "  a  "];
  expect(cases.map(hostName)).toEqual(["shop.example", "shop.example", "[2001:db8::1]", null, null, "a"]);
  expect(hostName(undefined)).toBeNull();
});

test("what a host may be", () => {
  for (const good of ["a", "*.a.b", "10.0.0.1", "[::1]", "a-b_c.d"]) expect(isHostPattern(good)).toBe(true);
  for (const bad of ["A", "*", "a.*", "-a", "a-", "a b", "a..b", ".a", "a.", "", null, 1, ["a"]]) {
    expect(isHostPattern(bad)).toBe(false);
  }
});

test("what a host may be is checked in time linear in its length", () => {
  const start = performance.now();
  expect(isHostPattern(`${"a".repeat(1_000_000)}!`)).toBe(false);
  expect(isHostPattern(`${"a-".repeat(127)}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(500);
});

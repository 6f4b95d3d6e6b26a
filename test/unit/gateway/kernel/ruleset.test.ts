import { describe, expect, test } from "vitest";
import type { KernelPassage } from "../../../../src/gateway/kernel/plan.ts";
import { ruleset, withoutRuleset } from "../../../../src/gateway/kernel/ruleset.ts";

const target = (last: number, weight = 1) => ({
  id: `t${last}`,
  address: `172.18.0.${last}`,
  port: 5_432,
  weight,
});

const passages: KernelPassage[] = [
  { listener: "a", address: null, port: 5_432, targets: [target(5)] },
  { listener: "b", address: null, port: 6_379, targets: [target(6, 3), target(7)] },
  { listener: "c", address: "192.0.2.1", port: 5_432, targets: [target(8)] },
];

const rules = (script: string, chain: string) =>
  script.split("\n").flatMap((line) => line.split(`add rule ip cutover-shop ${chain} `)[1] ?? []);

describe("the kernel's rules", () => {
  const script = ruleset("shop", passages, [5_432, 6_379, 5_432]);

  test("look a place up, the more exact one first, and draw among several targets", () => {
    expect(rules(script, "switch")).toEqual([
      "dnat ip to ip daddr . tcp dport map { 192.0.2.1 . 5432 : 172.18.0.8 . 5432 }",
      "dnat ip to tcp dport map { 5432 : 172.18.0.5 . 5432 }",
      "tcp dport 6379 dnat ip to numgen random mod 4 map { 0-2 : 172.18.0.6 . 5432, 3 : 172.18.0.7 . 5432 }",
    ]);
  });

  test("are for this machine's own addresses, and leave loopback alone", () => {
    expect(rules(script, "prerouting")).toEqual(["fib daddr type local goto switch"]);
    expect(rules(script, "output")).toEqual(["ip daddr != 127.0.0.0/8 fib daddr type local goto switch"]);
  });

  test("keep chains and replace what is in them", () => {
    const lines = script.split("\n");
    expect(lines.filter((line) => /^(delete|destroy)/.test(line))).toEqual([]);
    const flush = lines.indexOf("flush table ip cutover-shop");
    expect(lines.findLastIndex((line) => line.startsWith("add chain"))).toBeLessThan(flush);
    expect(lines.findIndex((line) => line.startsWith("add rule"))).toBeGreaterThan(flush);
  });

  test("go on for what has begun while nothing new is passed on", () => {
    const idle = ruleset("shop", [], [5_432]);
    expect(rules(idle, "switch")).toEqual([]);
    expect(rules(idle, "postrouting")).toEqual([expect.stringContaining("{ 5432 } masquerade")]);
    expect(rules(ruleset("shop", [], []), "postrouting")).toEqual([]);
  });

  test("concern no other instance's table", () => {
    for (const line of [...script.split("\n"), ...withoutRuleset("shop").split("\n")])
      if (line !== "") expect(line).toMatch(/^(add|flush|delete) (table|chain|rule) ip cutover-shop( |$)/);
  });
});

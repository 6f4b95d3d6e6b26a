import { expect, test } from "vitest";
import { RetryBudget } from "../../../../src/gateway/balance/retry-budget.ts";

function spendAll(budget: RetryBudget, now: number): number {
  let spent = 0;
  while (budget.spend(now)) spent += 1;
  return spent;
}

test("ten retries a second are there without any request", () => {
  const budget = new RetryBudget();
  expect(spendAll(budget, 5_000)).toBe(10);
  expect(spendAll(budget, 5_099)).toBe(0);
  expect(spendAll(budget, 5_100)).toBe(1);
  expect(spendAll(budget, 5_600)).toBe(5);
  expect(spendAll(budget, 60_000)).toBe(10);
});

test("every request adds its share", () => {
  const budget = new RetryBudget(0.25);
  for (let request = 0; request < 100; request += 1) budget.earn();
  expect(spendAll(budget, 0)).toBe(35);
});

test("what is saved up is bounded", () => {
  const budget = new RetryBudget(0.2);
  for (let request = 0; request < 100_000; request += 1) budget.earn();
  expect(spendAll(budget, 0)).toBe(1_010);
});

test("when every request fails, the target gets no more than the share on top", () => {
  const budget = new RetryBudget(0.2);
  let retries = 0;
  const seconds = 20;
  for (let request = 0; request < seconds * 1_000; request += 1) {
    budget.earn();
    if (budget.spend(request)) retries += 1;
  }
  expect(retries).toBeGreaterThan(seconds * 200);
  expect(retries).toBeLessThanOrEqual(seconds * 210 + 10);
});

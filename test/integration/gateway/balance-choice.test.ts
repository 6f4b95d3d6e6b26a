import { describe, expect, test } from "vitest";
import type { BackendPolicy } from "../../../src/model/route.ts";
import { type TestGateway, startGateway } from "../../support/gateway.ts";
import { type TestTarget, startTarget } from "../../support/gateway-target.ts";
import {
  ask,
  askOnce,
  countingTarget,
  expectQuiet,
  statusOf,
  tableWith,
  targetsOf,
  targetsUntil,
} from "./balance-setting.ts";

/** A target that answers with its id. */
function named(): Promise<TestTarget> {
  const made = startTarget(async (_request, response) => response.end((await made).target.id));
  return made;
}

async function askInTurn(gateway: TestGateway, count: number): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await askOnce(gateway));
  return answers;
}

function countOf(answers: readonly string[], target: TestTarget): number {
  return answers.filter((answer) => answer === target.target.id).length;
}

describe("the choice of a target by two workers", () => {
  test("follows the weights, one by one and under load", async () => {
    await using gateway = await startGateway();
    await using heavy = await countingTarget();
    await using light = await countingTarget();
    const targets = [
      { ...heavy.target, weight: 3 },
      { ...light.target, weight: 1 },
    ];
    await gateway.put(tableWith(1, targets, {}));
    // Under load: 120 at the same time, all of them in flight before the first is answered.
    const together = ask(gateway, 120);
    await targetsUntil(gateway, (status) => {
      const [one, other] = status.targets;
      return (one?.inFlight ?? 0) + (other?.inFlight ?? 0) === 120;
    });
    heavy.open();
    light.open();
    expect(countOf(await together, heavy)).toBeGreaterThanOrEqual(86);
    expect(countOf(await together, heavy)).toBeLessThanOrEqual(94);
    // Idle: 300 of 400 on the average, with a standard deviation of 9.
    const single = countOf(await askInTurn(gateway, 400), heavy);
    expect(single).toBeGreaterThan(250);
    expect(single).toBeLessThan(350);
    await gateway.put(tableWith(2, [{ ...heavy.target, weight: 0 }, light.target], {}, 1));
    expect(countOf(await ask(gateway, 40), light)).toBe(40);
  });

  test("a cookie keeps a client on its target, whichever worker it comes to, until the target goes", async () => {
    await using gateway = await startGateway();
    await using one = await named();
    await using other = await named();
    const policy: BackendPolicy = { sticky: { cookie: "seat" } };
    await gateway.put(tableWith(1, [one.target, other.target], policy, 1));
    const first = await fetch(gateway.url);
    const kept = await first.text();
    const [cookie = ""] = first.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
    expect(cookie).toMatch(/^seat=[0-9a-f]{16}$/);
    const again = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const response = await fetch(gateway.url, { headers: { Cookie: cookie, Connection: "close" } });
        return [await response.text(), ...response.headers.getSetCookie()];
      }),
    );
    expect(new Set(again.map(String))).toEqual(new Set([kept]));
    const [gone, stays] = kept === one.target.id ? [one, other] : [other, one];
    await gateway.put(tableWith(2, [stays.target], policy, 1));
    const moved = await fetch(gateway.url, { headers: { Cookie: cookie } });
    expect(await moved.text()).toBe(stays.target.id);
    const [next = ""] = moved.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
    expect(next).not.toBe(cookie);
    await gateway.put(tableWith(3, [stays.target, gone.target], policy, 1));
    for (let round = 0; round < 20; round += 1)
      expect(await askOnce(gateway, { Cookie: next })).toBe(stays.target.id);
  });

  test("a target that has just come gets its share by and by", async () => {
    await using gateway = await startGateway();
    await using old = await named();
    await using fresh = await named();
    const policy = { slowStartMs: 2_000 };
    await gateway.put(tableWith(1, [old.target], policy, 1));
    const from = performance.now();
    while (performance.now() - from < policy.slowStartMs) await askOnce(gateway);
    await gateway.put(tableWith(2, [old.target, fresh.target], policy, 1));
    const since = performance.now();
    expect(countOf(await askInTurn(gateway, 80), fresh)).toBeLessThan(30);
    while (performance.now() - since < policy.slowStartMs) await askOnce(gateway);
    // 100 of 200 on the average, with a standard deviation of 7.
    const half = countOf(await askInTurn(gateway, 200), fresh);
    expect(half).toBeGreaterThan(65);
    expect(half).toBeLessThan(135);
  });
});

describe("targets that fail", () => {
  /** A target that breaks every request until it is healed. */
  async function breaking() {
    let isBroken = true;
    const target: TestTarget = await startTarget((request, response) => {
      if (isBroken) request.socket.destroy();
      else response.end(target.target.id);
    });
    return Object.assign(target, {
      heal() {
        isBroken = false;
      },
    });
  }

  test("one that breaks every request is taken out by each worker, and no request fails", async () => {
    await using gateway = await startGateway();
    await using bad = await breaking();
    await using good = await named();
    const ejection = { failures: 3, baseMs: 600_000, maxMs: 600_000 };
    await gateway.put(tableWith(1, [bad.target, good.target], { ejection }));
    const answers: string[] = [];
    for (let out = 0; out < 2; ) {
      answers.push(...(await ask(gateway, 8)));
      out = statusOf(await targetsOf(gateway), bad).ejectedBy;
    }
    const seen = bad.seen.length;
    answers.push(...(await ask(gateway, 60)));
    expect(countOf(answers, good)).toBe(answers.length);
    expect(bad.seen.length).toBe(seen);
    await expectQuiet(gateway);
  });

  test("one that was taken out comes back by itself", async () => {
    await using gateway = await startGateway();
    await using bad = await breaking();
    await using good = await named();
    const ejection = { failures: 1, baseMs: 50, maxMs: 200 };
    await gateway.put(tableWith(1, [bad.target, good.target], { ejection }));
    const answers: string[] = [];
    while (statusOf(await targetsOf(gateway), bad).ejectedBy === 0) answers.push(...(await ask(gateway, 4)));
    bad.heal();
    while (countOf(answers, bad) === 0) answers.push(...(await ask(gateway, 4)));
    expect(countOf(answers, good) + countOf(answers, bad)).toBe(answers.length);
    await targetsUntil(gateway, (status) => statusOf(status, bad).ejectedBy === 0);
  });

  test("retries of a backend that always breaks are bounded by its budget", async () => {
    await using gateway = await startGateway();
    await using bad = await breaking();
    await gateway.put(tableWith(1, [bad.target], { ejection: null, retry: { attempts: 2, budget: 0.1 } }));
    const from = performance.now();
    const requests = 400;
    for (let round = 0; round < requests / 20; round += 1) {
      const answers = await ask(gateway, 20);
      expect(answers.filter((answer) => !answer.startsWith("502"))).toEqual([]);
    }
    const seconds = (performance.now() - from) / 1_000;
    const retries = bad.seen.length - requests;
    // A tenth of the requests, and what each of two workers grants by time.
    expect(retries).toBeGreaterThanOrEqual(20);
    expect(retries).toBeLessThanOrEqual(0.1 * requests + 2 * (10 + 10 * seconds));
    expect(retries).toBeLessThan(2 * requests);
    await expectQuiet(gateway);
  });

  test("one that does not answer its probes gets nothing, in new workers neither, until it answers", async () => {
    await using gateway = await startGateway();
    let hangs = true;
    await using sick: TestTarget = await startTarget((_request, response) => {
      if (!hangs) response.end(sick.target.id);
    });
    await using good = await named();
    const status = { from: 200, to: 299 };
    const check = { path: "/health", host: null, successes: 2, intervalMs: 10, timeoutMs: 100, status };
    const policy = { probe: { check, everyMs: 50, failures: 2 } };
    await gateway.put(tableWith(1, [sick.target, good.target], policy));
    await targetsUntil(gateway, (now) => statusOf(now, sick).down);
    expect(countOf(await ask(gateway, 40), good)).toBe(40);
    const { workers } = await gateway.status();
    for (const { pid } of workers) process.kill(pid, "SIGKILL");
    const killed = new Set(workers.map(({ pid }) => pid));
    for (let left = 2; left > 0; ) {
      const now = (await gateway.status()).workers;
      left = 2 - now.filter(({ pid }) => !killed.has(pid)).length;
    }
    expect(countOf(await ask(gateway, 40), good)).toBe(40);
    hangs = false;
    await targetsUntil(gateway, (now) => !statusOf(now, sick).down);
    expect(countOf(await ask(gateway, 40), sick)).toBeGreaterThan(0);
    await expectQuiet(gateway);
  });
});

import { describe, expect, test } from "vitest";
import { startGateway } from "../../support/gateway.ts";
import {
  ask,
  askOnce,
  countingTarget,
  expectQuiet,
  statusOf,
  tableWith,
  targetsUntil,
  waitingIn,
} from "./balance-setting.ts";

describe("requests in flight over two workers", () => {
  test.each([1, 3])("are never more than %i, all of it is used, and none fails", async (maxInFlight) => {
    await using gateway = await startGateway();
    await using one = await countingTarget();
    await using other = await countingTarget();
    await gateway.put(tableWith(1, [one.target, other.target], { maxInFlight }));
    const answers = ask(gateway, 200);
    await Promise.all([one.reached(maxInFlight), other.reached(maxInFlight)]);
    const full = await targetsUntil(gateway, (status) => waitingIn(status) === 200 - 2 * maxInFlight);
    expect(statusOf(full, one)).toEqual({
      id: one.target.id,
      backend: "shop/web@1",
      inFlight: maxInFlight,
      maxInFlight,
      ejectedBy: 0,
      down: false,
    });
    one.open();
    other.open();
    const ids = new Set([one.target.id, other.target.id]);
    expect((await answers).filter((answer) => !ids.has(answer))).toEqual([]);
    expect([one.most, other.most]).toEqual([maxInFlight, maxInFlight]);
    expect(one.seen.length + other.seen.length).toBe(200);
    await expectQuiet(gateway);
  });

  test("move to the worker where requests are", async () => {
    await using gateway = await startGateway();
    await using target = await countingTarget();
    await gateway.put(tableWith(1, [target.target], { maxInFlight: 4 }));
    for (let round = 0; round < 5; round += 1) {
      // However connections fall to workers, all shares come to be used.
      const answers = ask(gateway, 8);
      await targetsUntil(
        gateway,
        (status) => statusOf(status, target).inFlight === 4 && waitingIn(status) === 4,
      );
      using _serving = target.serve();
      expect(await answers).toEqual(Array.from({ length: 8 }, () => target.target.id));
      await expectQuiet(gateway);
    }
    expect(target.most).toBe(4);
  });

  test("a queue is bounded: what is above it is answered 503 at once", async () => {
    await using gateway = await startGateway({ workers: 1 });
    await using target = await countingTarget();
    await gateway.put(tableWith(1, [target.target], { maxInFlight: 1, maxQueued: 4 }));
    const refused: string[] = [];
    const bounced = Promise.withResolvers<void>();
    const answers = Array.from({ length: 10 }, async () => {
      const answer = await askOnce(gateway);
      if (answer === "503 queue full" && refused.push(answer) === 5) bounced.resolve();
      return answer;
    });
    await bounced.promise;
    await targetsUntil(gateway, (status) => waitingIn(status) === 4);
    target.open();
    const all = await Promise.all(answers);
    expect(all.filter((answer) => answer === target.target.id).length).toBe(5);
    expect(refused.length).toBe(5);
    await expectQuiet(gateway);
  });

  test("a request waits for as long as the policy says, over tables too, then it is 503", async () => {
    await using gateway = await startGateway({ workers: 1 });
    await using target = await countingTarget();
    const policy = { maxInFlight: 1, queueMs: 900 };
    await gateway.put(tableWith(1, [target.target], policy));
    const first = askOnce(gateway);
    await target.reached(1);
    const from = performance.now();
    const second = askOnce(gateway);
    await targetsUntil(gateway, (status) => waitingIn(status) === 1);
    let isOver = false;
    const over = second.then(() => {
      isOver = true;
    });
    for (let generation = 2; !isOver; generation += 1) {
      await gateway.put(tableWith(generation, [target.target], policy));
    }
    await over;
    expect(await second).toBe("503 queue timeout");
    expect(performance.now() - from).toBeGreaterThanOrEqual(890);
    target.open();
    expect(await first).toBe(target.target.id);
    await expectQuiet(gateway);
  });

  test("a client that leaves the queue leaves its place", async () => {
    await using gateway = await startGateway({ workers: 1 });
    await using target = await countingTarget();
    await gateway.put(tableWith(1, [target.target], { maxInFlight: 1 }));
    const first = askOnce(gateway);
    await target.reached(1);
    const left = new AbortController();
    const second = fetch(gateway.url, { signal: left.signal }).catch((error: Error) => error.name);
    await targetsUntil(gateway, (status) => waitingIn(status) === 1);
    left.abort();
    expect(await second).toBe("AbortError");
    await targetsUntil(gateway, (status) => waitingIn(status) === 0);
    const third = askOnce(gateway);
    target.open();
    expect(await Promise.all([first, third])).toEqual([target.target.id, target.target.id]);
    expect(target.seen.length).toBe(2);
    await expectQuiet(gateway);
  });

  test("a switch takes those who wait along", async () => {
    await using gateway = await startGateway();
    await using old = await countingTarget();
    await using next = await countingTarget();
    await gateway.put(tableWith(1, [old.target], { maxInFlight: 1 }));
    const first = askOnce(gateway);
    await old.reached(1);
    const waiting = ask(gateway, 20);
    await targetsUntil(gateway, (status) => waitingIn(status) === 20);
    next.open();
    await gateway.put(tableWith(2, [next.target], { maxInFlight: 2 }));
    expect(new Set(await waiting)).toEqual(new Set([next.target.id]));
    const leaving = statusOf(await targetsUntil(gateway, () => true), old);
    expect([leaving.backend, leaving.inFlight]).toEqual([null, 1]);
    old.open();
    expect(await first).toBe(old.target.id);
    expect([old.seen.length, next.most]).toEqual([1, 2]);
    await expectQuiet(gateway);
  });

  test("a limit that is lowered or lifted holds for what comes from then on", async () => {
    await using gateway = await startGateway();
    await using target = await countingTarget();
    await gateway.put(tableWith(1, [target.target], { maxInFlight: 4 }, 1));
    const first = ask(gateway, 4);
    await target.reached(4);
    await gateway.put(tableWith(2, [target.target], { maxInFlight: 1 }, 1));
    const second = ask(gateway, 10);
    await targetsUntil(gateway, (status) => waitingIn(status) === 10);
    target.answer(4);
    await first;
    await targetsUntil(
      gateway,
      (status) => statusOf(status, target).inFlight === 1 && waitingIn(status) === 9,
    );
    expect(target.inFlight).toBe(1);
    await gateway.put(tableWith(3, [target.target], {}, 1));
    await target.reached(10);
    target.open();
    expect(await second).toEqual(Array.from({ length: 10 }, () => target.target.id));
    await expectQuiet(gateway);
  });

  test("shares of a worker that is killed are others'", async () => {
    await using gateway = await startGateway();
    await using target = await countingTarget();
    await gateway.put(tableWith(1, [target.target], { maxInFlight: 6 }));
    for (let round = 0; round < 3; round += 1) {
      const some = Array.from({ length: 12 }, () => askOnce(gateway).catch(() => "broken"));
      await target.reached(6);
      const { workers } = await gateway.status();
      const killed = workers[round % 2]?.pid ?? 0;
      process.kill(killed, "SIGKILL");
      for (let pids = [killed]; pids.includes(killed) || pids.length < 2; ) {
        pids = (await gateway.status()).workers.map(({ pid }) => pid);
      }
      const others = ask(gateway, 20);
      const status = await targetsUntil(
        gateway,
        (now) => statusOf(now, target).inFlight >= 6 && waitingIn(now) >= 14,
      );
      expect(statusOf(status, target).inFlight).toBe(6);
      using _serving = target.serve();
      expect(new Set(await others)).toEqual(new Set([target.target.id]));
      expect((await Promise.all(some)).filter((answer) => answer.startsWith("503"))).toEqual([]);
      await expectQuiet(gateway);
    }
  });
});

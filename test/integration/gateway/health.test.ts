import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Health } from "../../../src/gateway/primary/health.ts";
import { defaultCheck } from "../../../src/model/check.ts";
import type { BackendPolicy, RoutingTable, Target } from "../../../src/model/route.ts";
import { type TestTarget, startTarget, tableOf } from "../../support/gateway-target.ts";

type Probe = NonNullable<BackendPolicy["probe"]>;

const quick: Probe = {
  check: { ...defaultCheck, path: "/health", successes: 2, intervalMs: 2, timeoutMs: 500 },
  everyMs: 5,
  failures: 3,
};

function probed(targets: Target[], policy: Probe | null = quick): RoutingTable {
  const table = tableOf(1, 1, targets);
  return {
    ...table,
    backends: table.backends.map((backend) => (policy ? { ...backend, policy: { probe: policy } } : backend)),
  };
}

interface Change {
  target: string;
  down: boolean;
  reason: string | null;
}

/** A `Health` with the changes that it tells, one after the other. */
function watching() {
  const changes: Change[] = [];
  let arrived = Promise.withResolvers<void>();
  let read = 0;
  const health = new Health({
    version: "9.9",
    changed(target, down, reason) {
      changes.push({ target, down, reason });
      arrived.resolve();
    },
  });
  onTestFinished(() => health.stop());
  return {
    health,
    changes,
    async next(): Promise<Change | undefined> {
      while (read === changes.length) {
        arrived = Promise.withResolvers<void>();
        await arrived.promise;
      }
      return changes[read++];
    },
  };
}

/** A target that answers `/health` with the statuses in turn, the last one for ever. */
async function scripted(statuses: number[]): Promise<TestTarget & { statuses: number[] }> {
  const target = await startTarget((_request, response) => {
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200).end();
  });
  onTestFinished(() => target.stop());
  return { ...target, statuses };
}

async function asked(target: TestTarget, times: number): Promise<void> {
  const from = target.seen.length;
  await expect.poll(() => target.seen.length, { interval: 2 }).toBeGreaterThanOrEqual(from + times);
}

describe("active probes", () => {
  test("failures in a row make a target down, successes in a row bring it back", async () => {
    const one = await scripted([200, 500, 500, 200, 500, 503, 500, 200, 404, 200, 200]);
    const { health, next, changes } = watching();
    health.follow(probed([one.target]));
    expect(health.down).toEqual([]);
    const id = one.target.id;
    expect(await next()).toEqual({ target: id, down: true, reason: "HTTP 500" });
    expect(one.seen).toHaveLength(7);
    expect(health.down).toEqual([id]);
    expect(await next()).toEqual({ target: id, down: false, reason: null });
    expect(one.seen).toHaveLength(11);
    expect(health.down).toEqual([]);
    expect(one.seen[0]?.headers["user-agent"]).toBe("cutover-probe/9.9");
    await asked(one, 5);
    expect(changes).toHaveLength(2);
  });

  test("a server that is gone and comes back; without a path a connection is enough", async () => {
    const first = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => first.listen(0, "127.0.0.1", resolve));
    const { port } = first.address() as AddressInfo;
    await new Promise((resolve) => first.close(resolve));
    const { health, next } = watching();
    const target = { id: "gone", address: "127.0.0.1", port };
    health.follow(probed([target], { ...quick, check: { ...quick.check, path: null } }));
    expect(await next()).toEqual({ target: "gone", down: true, reason: "connection refused" });
    const second = createServer((socket) => socket.destroy());
    onTestFinished(() => void second.close());
    second.listen(port, "127.0.0.1");
    expect(await next()).toEqual({ target: "gone", down: false, reason: null });
  });

  test("each target is judged for itself, also one that hangs", async () => {
    const good = await scripted([204]);
    const hanging = await startTarget(() => undefined);
    onTestFinished(() => hanging.stop());
    const { health, next, changes } = watching();
    health.follow(
      probed([good.target, hanging.target], { ...quick, check: { ...quick.check, timeoutMs: 20 } }),
    );
    expect(await next()).toEqual({
      target: hanging.target.id,
      down: true,
      reason: "no answer within 20 ms",
    });
    await asked(good, 5);
    expect(changes).toHaveLength(1);
  });
});

describe("a table change", () => {
  test("begins and ends probes", async () => {
    const [left, come, plain] = [await scripted([500]), await scripted([200]), await scripted([500])];
    const { health, changes } = watching();
    const slow = { ...quick, failures: 1_000_000 };
    health.follow(probed([left.target], slow));
    await asked(left, 2);
    const table = probed([come.target], slow);
    const [other] = tableOf(1, 2, [plain.target]).backends;
    health.follow({ ...table, backends: [...table.backends, ...(other ? [other] : [])] });
    const gone = left.seen.length;
    await asked(come, 20);
    // One may have been under way.
    expect(left.seen.length).toBeLessThanOrEqual(gone + 1);
    expect(plain.seen).toEqual([]);
    expect(changes).toEqual([]);
  });

  test("that leaves a target as it is does not begin its count anew", async () => {
    const ill = await scripted([500]);
    const { health, next } = watching();
    const table = probed([ill.target], { ...quick, failures: 5 });
    health.follow(table);
    for (let change = 0; change < 3; change += 1) {
      await asked(ill, 1);
      health.follow(structuredClone(table));
    }
    expect(await next()).toMatchObject({ down: true });
    expect(ill.seen).toHaveLength(5);
  });

  test("a target that was down is up again when it is not probed any more, leaves or gets another address", async () => {
    const ill = await scripted([500]);
    const well = await scripted([200]);
    const { health, next } = watching();
    const id = ill.target.id;
    for (const table of [
      probed([ill.target], null),
      probed([]),
      probed([{ ...well.target, id }]),
      probed([ill.target], { ...quick, failures: 1_000_000 }),
    ]) {
      health.follow(probed([ill.target]));
      expect(await next()).toEqual({ target: id, down: true, reason: "HTTP 500" });
      health.follow(probed([ill.target]));
      expect(health.down).toEqual([id]);
      health.follow(table);
      expect(await next()).toEqual({ target: id, down: false, reason: null });
      expect(health.down).toEqual([]);
    }
  });

  test("after the end nothing is asked and nothing told, and a probe under way is broken off", async () => {
    const hanging = await startTarget(() => undefined);
    onTestFinished(() => hanging.stop());
    const { health, changes } = watching();
    health.follow(probed([hanging.target], { ...quick, failures: 1 }));
    await expect.poll(() => hanging.sockets.size, { interval: 2 }).toBe(1);
    health.stop();
    await expect.poll(() => hanging.sockets.size, { interval: 2 }).toBe(0);
    expect(changes).toEqual([]);
    expect(health.down).toEqual([]);
  });
});

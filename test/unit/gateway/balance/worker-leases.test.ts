import { expect, test } from "vitest";
import type { LeaseReport } from "../../../../src/gateway/balance/lease-messages.ts";
import { WaitQueue, Waiter } from "../../../../src/gateway/balance/queue.ts";
import { WorkerLeases } from "../../../../src/gateway/balance/worker-leases.ts";
import { TargetClaim } from "../../../../src/gateway/claims.ts";
import { BackendState } from "../../../../src/gateway/target-state.ts";
import { backendOf } from "./backend.ts";

const cutter = { timeout: () => undefined, close: () => undefined };

function scene() {
  const reports: LeaseReport[] = [];
  const leases = new WorkerLeases((some) => reports.push(...some));
  const limited = backendOf([1], { maxInFlight: 8 });
  const [target] = limited.targets;
  if (!target) throw new Error("there is one");
  const queue = new WaitQueue(100, 1_000);
  leases.adopt([[limited, queue]]);
  const order = (grant: number, owe: number, asked: number) =>
    leases.obey([{ target: target.id, grant, owe, asked }]);
  const claim = () => {
    const made = new TargetClaim(cutter);
    made.begin(target);
    return made;
  };
  const wait = (turn = () => false) => queue.join(new Waiter({ turn, expired: () => undefined }), 0);
  return { reports, leases, limited, target, queue, order, claim, wait };
}

test("a limited target gets nothing before there are shares, also when they came first", () => {
  const { target, order, limited, leases } = scene();
  expect(target.limit).toBe(0);
  order(3, 0, 0);
  expect(target.limit).toBe(3);
  leases.obey([{ target: "later", grant: 2, owe: 0, asked: 0 }]);
  const later = backendOf([1], { maxInFlight: 2 });
  const [come] = later.targets;
  if (!come) throw new Error("there is one");
  Object.assign(come, { id: "later" });
  leases.adopt([
    [limited, new WaitQueue(1, 1)],
    [later, new WaitQueue(1, 1)],
  ]);
  expect([target.limit, come.limit]).toEqual([3, 2]);
});

test("what is owed is given back at once as far as it is idle, then with each release", () => {
  const { target, order, claim, reports } = scene();
  order(3, 0, 0);
  const claims = [claim(), claim()];
  order(0, 3, 0);
  expect([target.limit, target.inFlight]).toEqual([2, 2]);
  claims[0]?.release();
  claims[1]?.release();
  expect(target.limit).toBe(0);
  expect(reports.map((report) => report.returned)).toEqual([1, 1, 1]);
});

test("what others ask for is given back only while it is idle, and counted off", () => {
  const { target, order, claim, reports } = scene();
  order(4, 0, 0);
  const claims = [claim(), claim(), claim()];
  order(0, 0, 2);
  expect(reports).toEqual([{ target: target.id, returned: 1, waiting: 0 }]);
  claims[0]?.release();
  claims[1]?.release();
  expect([target.limit, reports.length]).toEqual([2, 2]);
});

test("those who wait here come before others, and are reported when they become more", () => {
  const { target, queue, order, claim, wait, reports } = scene();
  order(1, 0, 0);
  const first = claim();
  for (let count = 0; count < 9; count += 1) {
    wait(() => {
      if (target.inFlight >= target.limit) return false;
      claim();
      return true;
    });
  }
  expect(reports.map((report) => report.waiting)).toEqual([1, 2, 4, 8]);
  order(0, 0, 5);
  first.release();
  expect([target.inFlight, target.limit, queue.size]).toEqual([1, 1, 8]);
  order(2, 0, 5);
  expect([target.inFlight, queue.size]).toEqual([3, 6]);
  expect(reports.at(-1)).toEqual({ target: target.id, returned: 0, waiting: 6 });
});

test("a share that those who wait can't use is given to others, and asked for again only at a tick", () => {
  const { target, leases, order, wait, reports } = scene();
  target.down = true;
  wait();
  expect(reports).toEqual([{ target: target.id, returned: 0, waiting: 1 }]);
  order(1, 0, 1);
  expect(reports.at(-1)).toEqual({ target: target.id, returned: 1, waiting: 0 });
  wait();
  expect(reports).toHaveLength(2);
  leases.tick();
  expect(reports.at(-1)).toEqual({ target: target.id, returned: 0, waiting: 2 });
});

test("without a limit any more, all is free and the shares go back", () => {
  const { target, leases, order, claim, limited, reports } = scene();
  order(2, 0, 0);
  claim();
  order(0, 2, 0);
  const free = new BackendState({ ...limited.backend, policy: {} }, limited.targets);
  leases.adopt([[free, new WaitQueue(1, 1)]]);
  expect([target.limit, target.freed]).toEqual([Number.POSITIVE_INFINITY, null]);
  expect(reports.map((report) => report.returned)).toEqual([1, 1]);
});

test("requests of a target's earlier state count until they end", () => {
  const { target, leases, order, claim, limited, reports } = scene();
  order(3, 0, 0);
  const old = [claim(), claim()];
  leases.adopt([]);
  const again = backendOf([1], limited.backend.policy);
  leases.adopt([[again, new WaitQueue(1, 1)]]);
  const state = again.targets[0];
  expect([state?.id, state?.limit]).toEqual([target.id, 1]);
  old[0]?.release();
  expect(state?.limit).toBe(2);
  order(0, 2, 0);
  old[1]?.release();
  expect([state?.limit, ...reports.map((report) => report.returned)]).toEqual([1, 2]);
});

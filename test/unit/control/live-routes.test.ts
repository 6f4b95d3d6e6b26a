import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import type { GatewayBalancer } from "../../../src/balancers/gateway.ts";
import { LiveRoutes } from "../../../src/control/live-routes.ts";
import type { AppRoutes } from "../../../src/deploy/ports.ts";
import { appRoutes, targetOf } from "../../../src/deploy/targets.ts";
import { label } from "../../../src/model/labels.ts";
import type { Target } from "../../../src/model/route.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { releaseRecord, webService } from "../../support/release.ts";

const row = releaseRecord(1, { state: "live" });
const labels = {
  [label.app]: "shop",
  [label.colour]: row.colour,
  [label.release]: "1",
  [label.service]: "web",
  [label.role]: "web",
};

let engine: FakeEngine;
let table: AppRoutes | null;
/** What the next change of the table waits for. */
let change: Promise<void>;
/** What the gateway's port waits for. */
let port: () => Promise<number>;
let live: LiveRoutes;

beforeEach(() => {
  engine = new FakeEngine();
  table = null;
  change = Promise.resolve();
  port = async () => 80;
  const balancer: Pick<GatewayBalancer, "routes" | "setRoutes" | "probe"> = {
    routes: () => new Map(table ? [["shop", table]] : []),
    setRoutes: async (_app, routes) => {
      await change;
      table = routes;
      return { generation: 1, workers: 1, ms: 0 };
    },
    probe: async function* ([target]) {
      yield { type: "ready", target: target?.id ?? "", firstGoodAt: 1 };
    },
  };
  live = new LiveRoutes({
    engine,
    balancer: balancer as GatewayBalancer,
    log: pino({ level: "silent" }),
    gatewayPort: () => port(),
    saveRoutes: () => undefined,
    onUnconfirmed: () => undefined,
  });
});

/** Two containers that run, and the switch to them. */
async function serving(): Promise<[string, string]> {
  const ids: [string, string] = [engine.create({ labels }), engine.create({ labels })];
  const targets: Target[] = [];
  for (const id of ids) {
    await engine.start(id);
    const container = await engine.inspect(id);
    const target = container ? targetOf(container, webService()) : null;
    if (target) targets.push(target);
  }
  const byService = new Map([["web", targets]]);
  await live.switchTo(row, appRoutes(row.release, byService, 80), byService);
  return ids;
}

const routed = (): string[] =>
  (table?.backends ?? []).flatMap((backend) => backend.targets.map((target) => target.id)).sort();

describe("LiveRoutes", () => {
  it("takes out containers that die together, in whatever order the gateway's port becomes known", async () => {
    const ids = await serving();
    const asked: (() => void)[] = [];
    port = () => new Promise((resolve) => asked.push(() => resolve(80)));
    let over = false;
    const gone = ids.map((id) => live.onEvent({ action: "die", id, labels, timeNano: 1 }));
    const all = Promise.all(gone).then(() => {
      over = true;
    });
    while (!over) {
      asked.pop()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(routed()).toEqual([]);
    expect(live.targetIds("shop")).toEqual([]);
  });

  it("lets a container in that is back before its leaving has reached the gateway", async () => {
    const ids = await serving();
    const taken = Promise.withResolvers<void>();
    change = taken.promise;
    const left = live.onEvent({ action: "die", id: ids[0], labels, timeNano: 1 });
    await live.onEvent({ action: "start", id: ids[0], labels, timeNano: 2 });
    while (live.targetIds("shop").length < 2) await new Promise((resolve) => setImmediate(resolve));
    taken.resolve();
    await left;
    while (routed().length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(routed()).toEqual([...ids].sort());
  });

  it("keeps the weights of services that share requests when a container leaves", async () => {
    const canary = webService({ name: "canary", routes: [], weight: 1, sharesWith: "web" });
    const shared = { ...row, release: { ...row.release, services: [webService({ weight: 9 }), canary] } };
    const target = (id: string): Target => ({ id, address: "172.18.0.2", port: 3000 });
    const byService = new Map([
      ["web", [target("w1"), target("w2")]],
      ["canary", [target("c1")]],
    ]);
    await live.switchTo(shared, appRoutes(shared.release, byService, 80), byService);
    await live.onEvent({ action: "die", id: "w1", labels, timeNano: 1 });
    expect(table?.backends.map((backend) => backend.targets.map(({ id, weight }) => [id, weight]))).toEqual([
      [
        ["w2", 9],
        ["c1", 1],
      ],
    ]);
  });
});

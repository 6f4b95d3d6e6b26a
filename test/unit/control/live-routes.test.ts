import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { GatewayBalancer } from "../../../src/balancers/gateway.ts";
import { LiveRoutes } from "../../../src/control/live-routes.ts";
import type { AppRoutes } from "../../../src/deploy/ports.ts";
import { appRoutes } from "../../../src/deploy/targets.ts";
import { label } from "../../../src/model/labels.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { releaseRecord } from "../../support/release.ts";

describe("LiveRoutes", () => {
  it("takes out containers that die together, in whatever order the gateway's port becomes known", async () => {
    let table: AppRoutes | undefined;
    const balancer: Pick<GatewayBalancer, "routes" | "setRoutes"> = {
      routes: () => new Map(table ? [["shop", table]] : []),
      setRoutes: async (_app, routes) => {
        table = routes;
        return { generation: 1, workers: 1, ms: 0 };
      },
    };
    const ports: ((port: number) => void)[] = [];
    const live = new LiveRoutes({
      engine: new FakeEngine(),
      balancer: balancer as GatewayBalancer,
      log: pino({ level: "silent" }),
      gatewayPort: () => new Promise((resolve) => ports.push(resolve)),
      saveRoutes: () => undefined,
      onUnconfirmed: () => undefined,
    });
    const row = releaseRecord(1, { state: "live" });
    const targets = ["a", "b"].map((id) => ({ id, address: "127.0.0.1", port: 3000 }));
    await live.switchTo(row, appRoutes(row.release, new Map([["web", targets]]), 80));
    const labels = { [label.app]: "shop", [label.release]: "1" };
    const gone = ["a", "b"].map((id) => live.onEvent({ action: "die", id, labels, timeNano: 1 }));
    let over = false;
    const all = Promise.all(gone).finally(() => {
      over = true;
    });
    while (!over) {
      ports.pop()?.(80);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(table?.backends.flatMap((backend) => backend.targets)).toEqual([]);
    expect(live.targetIds("shop")).toEqual([]);
  });
});

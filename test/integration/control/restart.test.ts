import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { State } from "../../../src/control/state.ts";
import type { AppSummary } from "../../../src/model/control-api.ts";
import type { RoutingTable } from "../../../src/model/route.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { answering, startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { webService } from "../../support/release.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

describe("control restarted", () => {
  it("serves the same routes and knows the same releases", async () => {
    await control.deploy({});
    await control.deploy({});
    await control.restart();
    expect(await control.answer()).toBe("release 2");
    expect(await control.begin("shop", { kind: "rollback" }).outcome()).toMatchObject({
      outcome: "live",
      release: 1,
    });
  });

  it("cleans up a deployment whose CLI had not handed over", async () => {
    await control.deploy({});
    const { deployment } = await control.open();
    const accepted = await control.put(deployment, {});
    for (const id of control.make({}, deployment, accepted)) await engine.start(id);
    await control.restart();
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    expect(await engine.containers({})).toHaveLength(1);
    expect(await control.answer()).toBe("release 1");
    next.drop();
  });

  it("goes on with a deployment that had been handed over", async () => {
    await control.deploy({});
    const { deployment } = await control.open();
    const accepted = await control.put(deployment, {});
    const [id = ""] = control.make({}, deployment, accepted, (service, number) => ({
      ...answering(service, number),
      health: "starting",
    }));
    await engine.start(id);
    await control.post(`/v1/deployments/${deployment}/started`);
    await control.restart();
    engine.setHealth(id, "healthy");
    while ((await control.answer()) !== "release 2") await new Promise((resolve) => setImmediate(resolve));
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    expect(await control.running()).toEqual([id]);
    next.drop();
  });

  it("believes the gateway when only the answer to the switch was lost", async () => {
    await control.deploy({});
    const [old = ""] = await control.running();
    const { lease, deployment } = await control.open();
    const accepted = await control.put(deployment, {});
    const [id = ""] = control.make({}, deployment, accepted, (service, number) => ({
      ...answering(service, number),
      health: "starting",
    }));
    await engine.start(id);
    await control.post(`/v1/deployments/${deployment}/started`);
    await lease.until(
      (event) => event.type === "step" && event.step === "ready" && event.status === "started",
    );
    const address = (await engine.inspect(id))?.networks[0]?.address ?? "";
    const seen = new Set<string>();
    let going = true;
    let watching: Promise<void> | null = null;
    const watch = async (): Promise<void> => {
      while (going) seen.add(await control.answer());
    };
    await control.restart(async (file) => {
      const state = new State(file);
      const record = state.deployment(deployment);
      if (!record) throw new Error("no record");
      state.save({ ...record, step: "switch", draining: [old] });
      const table = await control.gateway.call<RoutingTable>("GET", "/v1/table");
      const generation = state.nextGeneration();
      const target = { id, address, port: 3000 };
      await control.gateway.put({
        ...table,
        generation,
        routes: table.routes.map((route) => ({ ...route, backend: "shop/web@2" })),
        backends: [{ id: "shop/web@2", app: "shop", service: "web", release: 2, targets: [target] }],
      });
      state.close();
      watching = watch();
    });
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    going = false;
    await watching;
    expect([...seen]).toEqual(["release 2"]);
    expect(await control.running()).toEqual([id]);
    next.drop();
  });

  it("stops what the engine started again of a retired release", async () => {
    await control.deploy({});
    const [first = ""] = await control.running();
    await control.deploy({});
    await control.restart(() => engine.start(first));
    expect((await engine.inspect(first))?.status).toBe("exited");
    expect(await control.answer()).toBe("release 2");
  });

  it("removes what appears for a deployment after it was given up", async () => {
    await control.deploy({});
    const { lease, deployment } = await control.open();
    const accepted = await control.put(deployment, {});
    lease.drop();
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    const [late = ""] = control.make({}, deployment, accepted);
    await engine.start(late);
    while (await engine.inspect(late)) await new Promise((resolve) => setImmediate(resolve));
    expect(await control.answer()).toBe("release 1");
    next.drop();
  });

  it("serves its API although a live container does not pass its probe, and lets it in when it does", async () => {
    let good = true;
    const check = {
      path: "/",
      host: null,
      successes: 1,
      intervalMs: 20,
      timeoutMs: 500,
      status: { from: 200, to: 399 },
    };
    await control.deploy({ services: [webService({ check })] }, () => ({
      serve: (_request, response) => void response.writeHead(good ? 200 : 500).end("here"),
    }));
    const [id = ""] = await control.running();
    await control.restart(async () => {
      good = false;
      engine.crash(id);
      engine.move(id);
      await engine.start(id);
    });
    expect(((await control.get("/v1/apps/shop")) as AppSummary).live?.number).toBe(1);
    expect(await control.routed()).toEqual([]);
    good = true;
    while ((await control.answer()) !== "here") await new Promise((resolve) => setImmediate(resolve));
  });

  it("after a switch that could not be written down goes on from what the gateway serves", async () => {
    await control.deploy({});
    vi.spyOn(State.prototype, "commitSwitch").mockImplementationOnce(() => {
      throw new Error("database or disk is full");
    });
    const { deployment, ids } = await control.stage();
    await control.handOver(deployment);
    expect(await control.fatal()).toMatchObject({ message: "database or disk is full" });
    expect(await control.answer()).toBe("release 2");
    await control.restart();
    expect(await control.ended(deployment)).toMatchObject({ outcome: "live", release: 2 });
    expect(await control.releases()).toEqual([
      [2, "live"],
      [1, "retired"],
    ]);
    expect(await control.answer()).toBe("release 2");
    expect(await control.running()).toEqual(ids);
  });

  it.each(["verify", "switch"] as const)("waits no longer than the time-out at %s either", async (step) => {
    await control.deploy({});
    const settings = { ...defaultSettings, readyTimeoutMs: 300 };
    const { deployment } = await control.stage({ settings }, (service, number) => ({
      ...answering(service, number),
      health: "starting",
    }));
    await control.restart(async (file) => {
      const state = new State(file);
      const record = state.deployment(deployment);
      if (!record) throw new Error("no record");
      state.save({ ...record, step, handedOver: true });
      state.close();
    });
    expect(await control.ended(deployment)).toMatchObject({
      outcome: "refused",
      error: { code: "NOT_HEALTHY" },
    });
    expect(await control.answer()).toBe("release 1");
  });
});

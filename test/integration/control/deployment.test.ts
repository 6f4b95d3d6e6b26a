import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { State } from "../../../src/control/state.ts";
import type { AppSummary } from "../../../src/model/control-api.ts";
import type { RoutingTable } from "../../../src/model/route.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { answering, type ContainerOf, startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { webService } from "../../support/release.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

async function answer(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${control.gateway.httpPort}/`);
  return response.ok ? await response.text() : `status ${response.status}`;
}

async function running(): Promise<string[]> {
  const all = await engine.containers({});
  return all.filter((container) => container.status === "running").map((container) => container.id);
}

const failing: ContainerOf = () => ({ serve: (_request, response) => void response.writeHead(500).end() });
const checked = {
  services: [
    webService({
      check: {
        path: "/",
        host: null,
        successes: 2,
        intervalMs: 10,
        timeoutMs: 500,
        status: { from: 200, to: 399 },
      },
    }),
  ],
};

describe("a deployment", () => {
  it("serves the new release, stops the old one and keeps it for a rollback", async () => {
    expect(await control.deploy({})).toMatchObject({ outcome: "live", release: 1 });
    const [first] = await running();
    expect(await answer()).toBe("release 1");
    expect(await control.deploy({})).toMatchObject({ outcome: "live", release: 2, error: null });
    expect(await answer()).toBe("release 2");
    expect((await engine.inspect(first ?? ""))?.status).toBe("exited");
    expect(await running()).toHaveLength(1);
  });

  it("does nothing for the same fingerprint, unless forced", async () => {
    await control.deploy({ fingerprint: "same" });
    const before = await running();
    expect(await control.deploy({ fingerprint: "same" })).toMatchObject({ outcome: "unchanged", release: 1 });
    expect(await running()).toEqual(before);
    expect(await control.deploy({ fingerprint: "same", force: true })).toMatchObject({
      outcome: "live",
      release: 2,
    });
  });

  it("refuses a release whose probe never succeeds and leaves the old one untouched", async () => {
    await control.deploy(checked);
    const before = await running();
    const settings = { ...defaultSettings, readyTimeoutMs: 300 };
    const outcome = await control.deploy({ ...checked, settings }, failing);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" } });
    expect(await answer()).toBe("release 1");
    expect(await running()).toEqual(before);
    expect(await engine.containers({})).toHaveLength(1);
  });

  it("refuses at once a release whose container ends, with its last lines", async () => {
    await control.deploy({});
    const outcome = await control.deploy({}, () => ({ exitCode: 3, output: ["cannot open config"] }));
    expect(outcome).toMatchObject({
      outcome: "refused",
      error: { code: "CONTAINER_EXITED", details: ["cannot open config"] },
    });
    expect(outcome.error?.message).toContain("exit code 3");
    expect(await answer()).toBe("release 1");
  });

  it("waits for Docker's own health check beside the probe, and refuses on unhealthy", async () => {
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
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
    expect(await answer()).toBe("status 404");
    engine.setHealth(id, "unhealthy");
    expect(await lease.outcome()).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" } });
  });

  it("refuses a container that was ready and dies before the switch", async () => {
    await control.deploy({});
    const hooks = [
      { phase: "pre-switch" as const, index: 0, service: "web", command: ["x"], timeoutMs: 5_000 },
    ];
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, { hooks });
    const [id = ""] = control.make({ hooks }, deployment, accepted);
    engine.create({
      labels: {
        "dev.cutover.deployment": deployment,
        "dev.cutover.hook": "pre-switch.0",
        "dev.cutover.role": "hook",
      },
    });
    await engine.start(id);
    await control.post(`/v1/deployments/${deployment}/started`);
    const hook = await lease.until((event) => event.type === "hook" && event.status === "started");
    expect(hook).toMatchObject({ hook: "pre-switch.0" });
    engine.crash(id);
    const [hookContainer] = await engine.containers({ "dev.cutover.hook": "pre-switch.0" });
    engine.crash(hookContainer?.id ?? "", 0);
    expect(await lease.outcome()).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    expect(await answer()).toBe("release 1");
  });

  it("is given up when its CLI goes away before it has handed over, and leaves nothing", async () => {
    await control.deploy({});
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, {});
    const ids = control.make({}, deployment, accepted);
    await Promise.all(ids.map((id) => engine.start(id)));
    const watching = control.begin("shop", { waitLockMs: 20_000 });
    await watching.until((event) => event.type === "waiting");
    lease.drop();
    await watching.until((event) => event.type === "begun");
    expect(await engine.containers({})).toHaveLength(1);
    expect(await answer()).toBe("release 1");
    watching.drop();
  });

  it("goes on without its CLI once it has handed over", async () => {
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, {});
    const [id = ""] = control.make({}, deployment, accepted, (service, number) => ({
      ...answering(service, number),
      health: "starting",
    }));
    await engine.start(id);
    await control.post(`/v1/deployments/${deployment}/started`);
    lease.drop();
    engine.setHealth(id, "healthy");
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    expect(await answer()).toBe("release 1");
    next.drop();
  });

  it("names the holder to whoever is refused, and lets another wait", async () => {
    const first = control.begin("shop", { who: "ann@laptop" });
    await first.until((event) => event.type === "begun");
    const second = control.begin("shop");
    await expect(second.outcome()).rejects.toMatchObject({ code: "BUSY" });
    await expect(second.outcome()).rejects.toThrow(/ann@laptop/);
    const third = control.begin("shop", { waitLockMs: 30 });
    expect(await third.outcome()).toMatchObject({ outcome: "aborted", error: { code: "BUSY" } });
    const other = control.begin("blog");
    await other.until((event) => event.type === "begun");
    first.drop();
    other.drop();
  });

  it("refuses a route that another app serves, naming it, and changes nothing", async () => {
    await control.deploy({});
    const lease = control.begin("blog");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    await expect(control.put(deployment, { app: "blog" })).rejects.toMatchObject({ code: "ROUTE_TAKEN" });
    await expect(control.put(deployment, { app: "blog" })).rejects.toThrow(/app shop/);
    lease.drop();
  });
});

describe("a rollback", () => {
  it("starts the stopped containers again: the same ones", async () => {
    await control.deploy({});
    const [first = ""] = await running();
    await control.deploy({});
    expect(await control.begin("shop", { kind: "rollback" }).outcome()).toMatchObject({
      outcome: "live",
      release: 1,
    });
    expect(await answer()).toBe("release 1");
    expect(await running()).toEqual([first]);
  });

  it("asks for the containers when they are gone", async () => {
    for (let i = 0; i < 3; i++) await control.deploy({});
    const lease = control.begin("shop", { kind: "rollback", release: 1 });
    const needed = await lease.until((event) => event.type === "containers-needed");
    if (needed.type !== "containers-needed") throw new Error("unreachable");
    const accepted = { release: needed.release, colour: needed.colour, unchanged: false };
    const ids = control.make({}, needed.deployment, accepted);
    await Promise.all(ids.map((id) => engine.start(id)));
    await control.post(`/v1/deployments/${needed.deployment}/started`);
    expect(await lease.outcome()).toMatchObject({ outcome: "live", release: 1 });
    expect(await answer()).toBe("release 1");
  });

  it("says clearly when there is nothing to go back to", async () => {
    await expect(control.begin("shop", { kind: "rollback" }).outcome()).rejects.toMatchObject({
      code: "APP_UNKNOWN",
    });
    await control.deploy({});
    await expect(control.begin("shop", { kind: "rollback" }).outcome()).rejects.toMatchObject({
      code: "NOTHING_TO_ROLL_BACK",
    });
    await expect(control.begin("shop", { kind: "rollback", release: 9 }).outcome()).rejects.toMatchObject({
      code: "RELEASE_UNKNOWN",
    });
    engine.removedImages.push("cutover.local/shop/web:1");
    await control.deploy({});
    await expect(control.begin("shop", { kind: "rollback" }).outcome()).rejects.toMatchObject({
      code: "RELEASE_GONE",
    });
  });

  it("during the drain is one switch back to containers that never stopped", async () => {
    const slow: ContainerOf = (_service, number) => ({
      serve: (request, response) => {
        if (request.url === "/slow") response.flushHeaders();
        else response.end(`release ${number}`);
      },
    });
    const settings = {
      ...defaultSettings,
      drainRequestsMs: 20_000,
      drainConnectionsMs: 20_000,
      drainSpreadMs: 0,
    };
    await control.deploy({ settings }, slow);
    const [first = ""] = await running();
    const held = await fetch(`http://127.0.0.1:${control.gateway.httpPort}/slow`);
    const deploying = control.deploy({ settings }, slow);
    const seen = control.begin("shop", { waitLockMs: 20_000 });
    await seen.until((event) => event.type === "waiting");
    while ((await answer()) !== "release 2") await new Promise((resolve) => setImmediate(resolve));
    const back = control.begin("shop", { kind: "rollback" });
    expect(await back.outcome()).toMatchObject({ outcome: "live", release: 1 });
    expect(await answer()).toBe("release 1");
    expect(await deploying).toMatchObject({ outcome: "aborted" });
    expect(engine.stopped).not.toContain(first);
    await held.body?.cancel();
    seen.drop();
  });
});

describe("what happens between deployments", () => {
  it("takes a dead container out of its route and lets it in when it answers again", async () => {
    await control.deploy({ services: [webService({ replicas: 2 })] });
    const [a = "", b = ""] = await running();
    engine.crash(a);
    for (let i = 0; i < 20; i++) expect(await answer()).toBe("release 1");
    engine.crash(b);
    await engine.start(a);
    const routed = async (): Promise<string[]> => {
      const summary = (await control.get("/v1/apps/shop")) as AppSummary;
      const targets = summary.services.flatMap((service) => service.targets);
      return targets.filter((target) => target.address !== "").map((target) => target.id);
    };
    while (!(await routed()).includes(a)) await new Promise((resolve) => setImmediate(resolve));
    expect(await routed()).toEqual([a]);
    while ((await answer()) !== "release 1") await new Promise((resolve) => setImmediate(resolve));
  });

  it("removes retired containers when the rollback window ends", async () => {
    const settings = { ...defaultSettings, rollbackWindowMs: 0 };
    await control.deploy({ settings });
    await control.deploy({ settings });
    while ((await engine.containers({})).length > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await answer()).toBe("release 2");
    expect(engine.removedImages).toEqual([]);
  });

  it("lets go of the images of releases that no longer count", async () => {
    const settings = { ...defaultSettings, keepReleases: 2 };
    for (let i = 0; i < 4; i++) await control.deploy({ settings });
    while (engine.removedImages.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(engine.removedImages).toEqual(["cutover.local/shop/web:1", "cutover.local/shop/web:2"]);
  });
});

describe("control restarted", () => {
  it("serves the same routes and knows the same releases", async () => {
    await control.deploy({});
    await control.deploy({});
    await control.restart();
    expect(await answer()).toBe("release 2");
    expect(await control.begin("shop", { kind: "rollback" }).outcome()).toMatchObject({
      outcome: "live",
      release: 1,
    });
  });

  it("cleans up a deployment whose CLI had not handed over", async () => {
    await control.deploy({});
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, {});
    for (const id of control.make({}, deployment, accepted)) await engine.start(id);
    await control.restart();
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    expect(await engine.containers({})).toHaveLength(1);
    expect(await answer()).toBe("release 1");
    next.drop();
  });

  it("goes on with a deployment that had been handed over", async () => {
    await control.deploy({});
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, {});
    const [id = ""] = control.make({}, deployment, accepted, (service, number) => ({
      ...answering(service, number),
      health: "starting",
    }));
    await engine.start(id);
    await control.post(`/v1/deployments/${deployment}/started`);
    await control.restart();
    engine.setHealth(id, "healthy");
    while ((await answer()) !== "release 2") await new Promise((resolve) => setImmediate(resolve));
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    expect(await running()).toEqual([id]);
    next.drop();
  });

  it("believes the gateway when only the answer to the switch was lost", async () => {
    await control.deploy({});
    const [old = ""] = await running();
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
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
      while (going) seen.add(await answer());
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
    expect(await running()).toEqual([id]);
    next.drop();
  });

  it("stops what the engine started again of a retired release", async () => {
    await control.deploy({});
    const [first = ""] = await running();
    await control.deploy({});
    await control.restart(() => engine.start(first));
    expect((await engine.inspect(first))?.status).toBe("exited");
    expect(await answer()).toBe("release 2");
  });

  it("removes what appears for a deployment after it was given up", async () => {
    await control.deploy({});
    const lease = control.begin("shop");
    const begun = await lease.until((event) => event.type === "begun");
    const deployment = begun.type === "begun" ? begun.deployment : "";
    const accepted = await control.put(deployment, {});
    lease.drop();
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    const [late = ""] = control.make({}, deployment, accepted);
    await engine.start(late);
    while (await engine.inspect(late)) await new Promise((resolve) => setImmediate(resolve));
    expect(await answer()).toBe("release 1");
    next.drop();
  });
});

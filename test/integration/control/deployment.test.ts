import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
    const [first] = await control.running();
    expect(await control.answer()).toBe("release 1");
    expect(await control.deploy({})).toMatchObject({ outcome: "live", release: 2, error: null });
    expect(await control.answer()).toBe("release 2");
    expect((await engine.inspect(first ?? ""))?.status).toBe("exited");
    expect(await control.running()).toHaveLength(1);
  });

  it("does nothing for the same fingerprint, unless forced", async () => {
    await control.deploy({ fingerprint: "same" });
    const before = await control.running();
    expect(await control.deploy({ fingerprint: "same" })).toMatchObject({ outcome: "unchanged", release: 1 });
    expect(await control.running()).toEqual(before);
    expect(await control.deploy({ fingerprint: "same", force: true })).toMatchObject({
      outcome: "live",
      release: 2,
    });
  });

  it("of the same fingerprint is done when the live containers do not run", async () => {
    await control.deploy({ fingerprint: "same" });
    const [id = ""] = await control.running();
    engine.crash(id);
    expect(await control.deploy({ fingerprint: "same" })).toMatchObject({ outcome: "live", release: 2 });
    expect(await control.answer()).toBe("release 2");
  });

  it("without a container in any service has nothing to wait for", async () => {
    const outcome = await control.deploy({ services: [webService({ replicas: 0 })] });
    expect(outcome).toMatchObject({ outcome: "live", release: 1 });
  });

  it("ends when a container dies while the others are still being started", async () => {
    await control.deploy({});
    const { lease, ids } = await control.stage();
    engine.crash(ids[0] ?? "");
    expect(await lease.outcome()).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    expect(await engine.containers({})).toHaveLength(1);
  });

  it("refuses a release whose probe never succeeds and leaves the old one untouched", async () => {
    await control.deploy(checked);
    const before = await control.running();
    const settings = { ...defaultSettings, readyTimeoutMs: 300 };
    const outcome = await control.deploy({ ...checked, settings }, failing);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" } });
    expect(await control.answer()).toBe("release 1");
    expect(await control.running()).toEqual(before);
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
    expect(await control.answer()).toBe("release 1");
  });

  it("waits for Docker's own health check beside the probe, and refuses on unhealthy", async () => {
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
    expect(await control.answer()).toBe("status 404");
    engine.setHealth(id, "unhealthy");
    expect(await lease.outcome()).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" } });
  });

  it("refuses a container that was ready and dies before the switch", async () => {
    await control.deploy({});
    const hooks = [
      { phase: "pre-switch" as const, index: 0, service: "web", command: ["x"], timeoutMs: 5_000 },
    ];
    const { lease, deployment } = await control.open();
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
    expect(await control.answer()).toBe("release 1");
  });

  it("is given up when its CLI goes away before it has handed over, and leaves nothing", async () => {
    await control.deploy({});
    const { lease, deployment } = await control.open();
    const accepted = await control.put(deployment, {});
    const ids = control.make({}, deployment, accepted);
    await Promise.all(ids.map((id) => engine.start(id)));
    const watching = control.begin("shop", { waitLockMs: 20_000 });
    await watching.until((event) => event.type === "waiting");
    lease.drop();
    await watching.until((event) => event.type === "begun");
    expect(await engine.containers({})).toHaveLength(1);
    expect(await control.answer()).toBe("release 1");
    watching.drop();
  });

  it("goes on without its CLI once it has handed over", async () => {
    const { lease, deployment } = await control.open();
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
    expect(await control.answer()).toBe("release 1");
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

  it("of two apps with the same route gives it to one", async () => {
    const opened = await Promise.all(
      ["one", "two"].map(async (app) => {
        const lease = control.begin(app);
        const begun = await lease.until((event) => event.type === "begun");
        const deployment = begun.type === "begun" ? begun.deployment : "";
        const accepted = await control.put(deployment, { app });
        const ids = control.make({ app }, deployment, accepted, () => ({
          serve: (_request, response) => void response.end(app),
        }));
        await Promise.all(ids.map((id) => engine.start(id)));
        return { lease, deployment, app };
      }),
    );
    await Promise.all(opened.map(({ deployment }) => control.handOver(deployment)));
    const outcomes = await Promise.all(opened.map(({ lease }) => lease.outcome()));
    expect(outcomes.map((outcome) => outcome.outcome).sort()).toEqual(["aborted", "live"]);
    const winner = opened[outcomes.findIndex((outcome) => outcome.outcome === "live")]?.app;
    const loser = outcomes.find((outcome) => outcome.outcome === "aborted");
    expect(loser?.error).toMatchObject({ code: "ROUTE_TAKEN" });
    expect(loser?.error?.message).toContain(`app ${winner}`);
    expect(await control.answer()).toBe(winner);
  });
});

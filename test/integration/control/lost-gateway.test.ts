import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

describe("while the gateway is away", () => {
  it("a container at a new address is probed until the gateway is back, and served then", async () => {
    await control.deploy({});
    const [id = ""] = await control.running();
    await control.gateway.end("SIGKILL");
    await control.restart(async () => {
      engine.crash(id);
      engine.move(id);
      await engine.start(id);
    });
    expect(await control.routed()).toEqual([]);
    await control.gatewayBack();
    while ((await control.answer()) !== "release 1") await new Promise((resolve) => setImmediate(resolve));
    expect(await control.routed()).toEqual([id]);
  });

  it("a switch back is tried until it is done", async () => {
    await control.deploy({});
    const [first = ""] = await control.running();
    const hooks = [
      { phase: "post-deploy" as const, index: 0, service: "web", command: ["x"], timeoutMs: 60_000 },
    ];
    const { lease, deployment } = await control.stage({ hooks });
    await control.handOver(deployment);
    await lease.until((event) => event.type === "switched");
    await control.gateway.end("SIGKILL");
    const back = control.begin("shop", { kind: "rollback" });
    await lease.until((event) => event.type === "warning" && event.code === "GATEWAY_UNREACHABLE");
    await control.gatewayBack();
    expect(await back.outcome()).toMatchObject({ outcome: "live", release: 1 });
    expect(await lease.outcome()).toMatchObject({ outcome: "aborted" });
    expect(await control.answer()).toBe("release 1");
    expect((await engine.containers({})).map((container) => container.id)).toEqual([first]);
  });

  it("an app can't be removed, goes on being followed, and can be removed later", async () => {
    await control.deploy({});
    await control.gateway.end("SIGKILL");
    expect(await control.down("shop")).toEqual([
      { type: "error", error: expect.objectContaining({ code: "GATEWAY_UNREACHABLE" }) },
    ]);
    expect(await control.routed()).toHaveLength(1);
    expect(await control.running()).toHaveLength(1);
    await control.gatewayBack();
    const lines = await control.down("shop");
    expect(lines).toContainEqual({ type: "removed", kind: "routes", name: "shop" });
    expect(lines).not.toContainEqual(expect.objectContaining({ type: "error" }));
    await expect(control.get("/v1/apps/shop")).rejects.toMatchObject({ code: "APP_UNKNOWN" });
    expect(await engine.containers({})).toEqual([]);
  });
});

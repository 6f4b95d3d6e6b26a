import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultSettings } from "../../../src/model/settings.ts";
import { type ContainerOf, startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

describe("a rollback", () => {
  it("starts the stopped containers again: the same ones", async () => {
    await control.deploy({});
    const [first = ""] = await control.running();
    await control.deploy({});
    expect(await control.begin("shop", { kind: "rollback" }).outcome()).toMatchObject({
      outcome: "live",
      release: 1,
    });
    expect(await control.answer()).toBe("release 1");
    expect(await control.running()).toEqual([first]);
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
    expect(await control.answer()).toBe("release 1");
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
    const [first = ""] = await control.running();
    const held = await fetch(`http://127.0.0.1:${control.gateway.httpPort}/slow`);
    const deploying = control.deploy({ settings }, slow);
    const seen = control.begin("shop", { waitLockMs: 20_000 });
    await seen.until((event) => event.type === "waiting");
    while ((await control.answer()) !== "release 2") await new Promise((resolve) => setImmediate(resolve));
    const back = control.begin("shop", { kind: "rollback" });
    expect(await back.outcome()).toMatchObject({ outcome: "live", release: 1 });
    expect(await control.answer()).toBe("release 1");
    expect(await deploying).toMatchObject({ outcome: "aborted" });
    expect(engine.stopped).not.toContain(first);
    await held.body?.cancel();
    seen.drop();
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultSettings } from "../../../src/model/settings.ts";
import { startControl, type TestControl } from "../../support/control.ts";
import { FakeEngine } from "../../support/fake-engine.ts";
import { webService } from "../../support/release.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

describe("what happens between deployments", () => {
  it("takes a dead container out of its route and lets it in when it answers again", async () => {
    await control.deploy({ services: [webService({ replicas: 2 })] });
    const [a = "", b = ""] = await control.running();
    engine.crash(a);
    for (let i = 0; i < 20; i++) expect(await control.answer()).toBe("release 1");
    engine.crash(b);
    await engine.start(a);
    while (!(await control.routed()).includes(a)) await new Promise((resolve) => setImmediate(resolve));
    expect(await control.routed()).toEqual([a]);
    while ((await control.answer()) !== "release 1") await new Promise((resolve) => setImmediate(resolve));
  });

  it("removes retired containers when the rollback window ends", async () => {
    const settings = { ...defaultSettings, rollbackWindowMs: 0 };
    await control.deploy({ settings });
    await control.deploy({ settings });
    while ((await engine.containers({})).length > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await control.answer()).toBe("release 2");
    expect(engine.removedImages).toEqual([]);
  });

  it("lets go of the images of releases that no longer count", async () => {
    const settings = { ...defaultSettings, keepReleases: 2 };
    for (let i = 0; i < 4; i++) await control.deploy({ settings });
    while (engine.removedImages.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(engine.removedImages).toEqual(["cutover.local/shop/web:1", "cutover.local/shop/web:2"]);
  });
});

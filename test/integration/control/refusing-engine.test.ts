import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControl, type TestControl } from "../../support/control.ts";
import { refuse } from "../../support/engine-faults.ts";
import { FakeEngine } from "../../support/fake-engine.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

describe("an engine that refuses", () => {
  it("to start a rollback's stopped containers gets them made again", async () => {
    await control.deploy({});
    await control.deploy({});
    refuse(engine, "start");
    const lease = control.begin("shop", { kind: "rollback" });
    expect(await lease.until((event) => event.type === "containers-needed")).toMatchObject({ release: 1 });
    expect(await lease.until((event) => event.type === "warning")).toMatchObject({
      message: expect.stringContaining("made again"),
    });
    expect(await engine.containers({})).toHaveLength(1);
    lease.drop();
  });

  it("to start and to remove them ends the rollback for good", async () => {
    await control.deploy({});
    await control.deploy({});
    const restored = [refuse(engine, "start"), refuse(engine, "remove")];
    const { lease, deployment } = await control.open({ kind: "rollback" });
    expect(await lease.outcome()).toMatchObject({ outcome: "aborted" });
    for (const restore of restored) restore();
    await control.restart();
    expect(await control.ended(deployment)).toMatchObject({ outcome: "aborted" });
    expect(await control.releases()).toEqual([
      [2, "live"],
      [1, "retired"],
    ]);
    expect(await control.answer()).toBe("release 2");
    expect(await control.running()).toHaveLength(1);
  });

  it("to stop a retired container is told as a warning, and asked again later", async () => {
    await control.deploy({});
    const [first = ""] = await control.running();
    const restore = refuse(engine, "stop");
    const { lease, deployment } = await control.stage();
    await control.handOver(deployment);
    expect(await lease.outcome()).toMatchObject({ outcome: "live", release: 2 });
    expect(lease.events.find((event) => event.type === "warning")).toMatchObject({
      message: expect.stringContaining("did not stop"),
    });
    expect(await control.releases()).toEqual([
      [2, "live"],
      [1, "retired"],
    ]);
    restore();
    await control.restart();
    while ((await engine.inspect(first))?.status !== "exited") {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startControl, type TestControl } from "../../support/control.ts";
import { hold } from "../../support/engine-faults.ts";
import { FakeEngine } from "../../support/fake-engine.ts";

let engine: FakeEngine;
let control: TestControl;

beforeEach(async () => {
  engine = new FakeEngine();
  control = await startControl(engine);
});

afterEach(() => control[Symbol.asyncDispose]());

/** Its container never ends by itself, so that the deployment stays in its drain. */
const endless = {
  hooks: [{ phase: "post-deploy" as const, index: 0, service: "web", command: ["x"], timeoutMs: 60_000 }],
};

const giveUp = (deployment: string): Promise<unknown> =>
  control.post(`/v1/deployments/${deployment}/abort`, { reason: "no good", error: null });

async function draining(): Promise<Awaited<ReturnType<TestControl["stage"]>>> {
  const staged = await control.stage(endless);
  await control.handOver(staged.deployment);
  await staged.lease.until((event) => event.type === "switched");
  return staged;
}

describe("giving up", () => {
  it("is refused during the drain of an app's first release, which goes on to serve", async () => {
    const { deployment, ids } = await draining();
    await expect(giveUp(deployment)).rejects.toMatchObject({ code: "ABORTED" });
    expect(await control.answer()).toBe("release 1");
    engine.crash(ids[0] ?? "");
    await engine.start(ids[0] ?? "");
    while ((await control.answer()) !== "release 1") await new Promise((resolve) => setImmediate(resolve));
    expect(await control.running()).toContain(ids[0]);
  });

  it("while the containers are looked at for the last time does not switch any more", async () => {
    await control.deploy({});
    const { lease, deployment } = await control.stage();
    await lease.until((event) => event.type === "container" && event.state === "ready");
    const look = hold(engine, "inspect");
    await control.handOver(deployment);
    await look.reached;
    await giveUp(deployment);
    look.release();
    expect(await lease.outcome()).toMatchObject({ outcome: "aborted" });
    expect(lease.events.filter((event) => event.type === "switched")).toEqual([]);
    expect(await control.answer()).toBe("release 1");
  });

  it("during the drain leaves a release that no rollback picks", async () => {
    await control.deploy({});
    await control.deploy({});
    const { lease, deployment } = await draining();
    await giveUp(deployment);
    expect(await lease.outcome()).toMatchObject({ outcome: "aborted" });
    expect(await control.releases()).toEqual([
      [3, "aborted"],
      [2, "live"],
      [1, "retired"],
    ]);
    const back = control.begin("shop", { kind: "rollback" });
    expect(await back.until((event) => event.type === "release")).toMatchObject({ release: 1 });
    back.drop();
  });

  it("is finished by the next control when this one ends after the switch back, without another switch", async () => {
    await control.deploy({});
    const [first = ""] = await control.running();
    const { deployment } = await draining();
    const removal = hold(engine, "remove");
    await giveUp(deployment);
    await removal.reached;
    const restarted = control.restart();
    removal.fail();
    await restarted;
    expect(await control.ended(deployment)).toMatchObject({ outcome: "aborted" });
    expect(await control.releases()).toEqual([
      [2, "aborted"],
      [1, "live"],
    ]);
    expect((await engine.containers({})).map((container) => container.id)).toEqual([first]);
    expect(await control.answer()).toBe("release 1");
    const told = await control.events(deployment);
    expect(told.filter((event) => event.type === "switched")).toHaveLength(2);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DeploymentRecord } from "../../../src/deploy/record.ts";
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

describe("a CLI that goes away", () => {
  /** Resolves when control has noticed it. */
  async function noticed(): Promise<void> {
    for (;;) {
      const { deployments } = (await control.get("/v1/apps/shop/deployments")) as {
        deployments: DeploymentRecord[];
      };
      if (deployments[0]?.abort) return;
    }
  }

  it("before its rollback could be answered holds no lock", async () => {
    for (let i = 0; i < 3; i++) await control.deploy({});
    const removal = hold(engine, "remove");
    const lease = control.begin("shop", { kind: "rollback", release: 1 });
    await removal.reached;
    lease.drop();
    await control.get("/v1/apps/shop");
    removal.release();
    const next = control.begin("shop", { waitLockMs: 20_000 });
    await next.until((event) => event.type === "begun");
    next.drop();
    expect(await control.answer()).toBe("release 3");
  });

  it("while its release is being accepted leaves no release behind", async () => {
    await control.deploy({});
    await control.deploy({});
    const { lease, deployment } = await control.open();
    const removal = hold(engine, "remove");
    const refused = expect(control.put(deployment, {})).rejects.toMatchObject({ code: "ABORTED" });
    await removal.reached;
    lease.drop();
    await noticed();
    removal.release();
    await refused;
    expect(await control.ended(deployment)).toMatchObject({ outcome: "aborted", release: null });
    expect(await control.releases()).toEqual([
      [2, "live"],
      [1, "retired"],
    ]);
  });

  it("leaves nothing that its compose goes on making during the clean-up", async () => {
    await control.deploy({});
    const { lease, deployment, accepted } = await control.stage();
    const first = hold(engine, "remove");
    lease.drop();
    await first.reached;
    const [late = ""] = control.make({}, deployment, accepted);
    first.release();
    const second = hold(engine, "remove");
    await second.reached;
    const [latest = ""] = control.make({}, deployment, accepted);
    await engine.start(latest);
    second.release();
    expect(await control.ended(deployment)).toMatchObject({ outcome: "aborted" });
    for (const id of [late, latest]) {
      while (await engine.inspect(id)) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await control.answer()).toBe("release 1");
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Load, plainMix, startLoad } from "../../tools/load/load.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";
import { observer } from "../support/observation.ts";

/** The classic: Flask under gunicorn, whose workers close idle connections after two seconds of their own accord. */
describe("examples/flask", () => {
  const engine = observer();
  let instance: TestInstance;
  let app: TestApp;
  let load: Load;

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance, "flask");
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  it("is deployed and rolled back under load, and nobody notices", async () => {
    expect(await app.deploy("0")).toMatchObject({ outcome: "live", release: 1, exitCode: 0 });
    load = await startLoad({ url: app.url, mix: plainMix });
    const order = ["0"];
    for (const version of ["1", "2", "3", "4", "5"]) {
      const outcome = await app.deploy(version);
      expect(outcome).toMatchObject({ outcome: "live", exitCode: 0, receipt: { failures: 0 } });
      expect(outcome.receipt?.drained.cutRequests).toBe(0);
      load.mark(version, outcome.receipt?.switchedAt);
      order.push(version);
    }
    expect(await app.deploy("bad", ["--timeout", "3s"], { FAIL: "never-healthy" })).toMatchObject({
      outcome: "refused",
    });
    const back = await app.cutover(["rollback", "--json"]);
    expect(back.exitCode).toBe(0);
    await load.until(({ version }) => version === "4");

    const report = await load.stop({ order: [...order, "4"] });
    expect(report.failed).toEqual([]);
    expect(report.failures).toBe(0);
    expect(report.regressions.listed).toEqual([]);
    expect(report.byVersion.map(({ version }) => version)).toEqual(order);
    for (const kind of ["keepalive", "close", "post", "slow"] as const)
      expect(report.byKind[kind]?.requests, kind).toBeGreaterThan(0);
  });

  it("leaves what should be there", async () => {
    const containers = await engine.colours(app.project);
    expect(containers.map(({ release, state }) => `${release} ${state}`).toSorted()).toEqual([
      "5 running",
      "6 exited",
    ]);
    expect((await engine.tags(app.project)).toSorted()).toEqual(["2", "3", "4", "5", "6"]);
  });
});

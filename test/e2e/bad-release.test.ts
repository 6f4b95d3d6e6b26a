import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { type Load, startLoad } from "../../tools/load/load.ts";
import { type Outcome, type Ran, type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";
import { eventually, observer, type SeenContainer } from "../support/observation.ts";

/** Releases that must never get a request, and hooks that fail, each under load. */
describe("a bad release", () => {
  const engine = observer();
  let instance: TestInstance;
  let app: TestApp;
  let load: Load;
  let compose: string;
  let live: SeenContainer[];
  let images: string[];
  let networks: string[];
  const order = ["1"];

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance);
    await app.edit((text) =>
      text
        .replace("requests: 30s", "requests: 3s")
        .replace("connections: 60s", "connections: 1s\n    spread: 0s"),
    );
    compose = await readFile(join(app.directory, "compose.yaml"), "utf8");
    expect(await app.deploy("1")).toMatchObject({ outcome: "live", release: 1 });
    load = await startLoad({
      url: app.url,
      mix: {
        keepalive: { connections: 6, rate: 120 },
        close: { lanes: 2, rate: 30 },
        post: { connections: 2, rate: 30, bytes: 4096 },
        websocket: { connections: 2, everyMs: 100 },
      },
    });
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    live = (await engine.colours(app.project)).filter(({ state }) => state === "running");
    images = await engine.tags(app.project);
    networks = await engine.networks(`label=dev.cutover.instance=${instance.name}`);
  });

  afterEach(() => writeFile(join(app.directory, "compose.yaml"), compose));

  /** The running release is as it was, and of the one that was given up nothing is left. */
  async function expectUntouched(): Promise<void> {
    expect(await engine.colours(app.project)).toEqual(live);
    expect(live.every(({ restarts }) => restarts === 0)).toBe(true);
    expect(await engine.networks(`label=dev.cutover.instance=${instance.name}`)).toEqual(networks);
    await eventually(
      () => engine.tags(app.project),
      (tags) => tags.join() === images.join(),
    );
    expect(load.progress).toMatchObject({ failures: 0, version: order.at(-1) });
  }

  async function deployBad(
    version: string,
    env: Record<string, string>,
    args: string[] = [],
  ): Promise<{ ran: Ran; outcome: Outcome; events: DeploymentEvent[] }> {
    const ran = await app.cutover(["deploy", "--json", ...args], { VERSION: version, ...env });
    const events = ran.lines as unknown as DeploymentEvent[];
    const outcome = events.findLast((event) => event.type === "outcome");
    if (!outcome) throw new Error(`no outcome (exit ${ran.exitCode}):\n${ran.stdout}\n${ran.stderr}`);
    return { ran, outcome, events };
  }

  const hooks = (text: string) => app.edit((before) => `${before}  hooks:\n${text}`);

  /** How often a hook of the app counted up in the database. */
  async function visits(): Promise<number> {
    const answer = await fetch(`${app.url}/visits`, { method: "POST" });
    return ((await answer.json()) as { visits: number }).visits;
  }

  const visit = `node -e "fetch(process.env.DATABASE_URL+'/visits',{method:'POST'}).then((r)=>r.json()).then((d)=>console.log('hook of version',process.env.VERSION,'counted',d.visits))"`;

  it("that never turns healthy by its own check is refused", async () => {
    const { ran, outcome, events } = await deployBad("never", { FAIL: "never-healthy" });
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" }, receipt: null });
    expect(outcome.error?.details.join("\n")).toContain("version never can't read its configuration");
    expect(ran.stderr).toContain("version never can't read its configuration");
    expect(ran.stderr).toContain("[NOT_HEALTHY]");
    expect(events.some((event) => event.type === "switched")).toBe(false);
    await expectUntouched();
  });

  it("that is not ready in time is refused when the time is over", async () => {
    const { ran, outcome } = await deployBad("late", { FAIL: "never-healthy" }, ["--timeout", "2s"]);
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "NOT_HEALTHY" } });
    expect(outcome.error?.message).toContain("2 s");
    expect(ran.stderr).toContain("version late can't read its configuration");
    await expectUntouched();
  });

  it("that exits at once is refused", async () => {
    const { ran, outcome } = await deployBad("gone", { FAIL: "exit" });
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    expect(outcome.error?.message).toContain("exit code 1");
    expect(ran.stderr).toContain("version gone can't start: configuration is missing");
    await expectUntouched();
  });

  it("that crashes again and again with `restart: always` is refused", async () => {
    await app.edit((text) => text.replace("    healthcheck:", "    restart: always\n    healthcheck:"));
    const { ran, outcome } = await deployBad("loop", { FAIL: "exit" });
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    expect(ran.stderr).toContain("version loop can't start: configuration is missing");
    await expectUntouched();
  });

  it("that turns healthy and dies while it is probed is refused", async () => {
    await app.edit((text) =>
      text
        .replace("interval: 1s", "interval: 500ms")
        .replace("path: /health", "path: /\n        successes: 100"),
    );
    const { ran, outcome, events } = await deployBad("dying", { FAIL: "die-after-healthy" });
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    expect(ran.stderr).toContain("version dying was healthy and dies now");
    const states = events.flatMap((event) => (event.type === "container" ? [event.state] : []));
    expect(states).toEqual(["running", "healthy", "exited"]);
    await expectUntouched();
  });

  it("that dies when both checks have seen it healthy once is refused", async () => {
    await app.edit((text) => text.replace("path: /health", "path: /health\n        successes: 2"));
    const { ran, outcome } = await deployBad("brief", { FAIL: "die-after-healthy" });
    expect(ran.exitCode).toBe(3);
    expect(outcome).toMatchObject({ outcome: "refused", error: { code: "CONTAINER_EXITED" } });
    await expectUntouched();
  });

  it("shows a person the last lines, in plain text", async () => {
    const ran = await app.cutover(["deploy"], { VERSION: "plain", FAIL: "exit" });
    expect(ran.exitCode).toBe(3);
    expect(`${ran.stdout}${ran.stderr}`).toContain("version plain can't start: configuration is missing");
    expect(ran.stderr).toMatch(/still serves/);
    await expectUntouched();
  });

  it("whose pre-deploy hook fails is aborted before anything starts", async () => {
    await hooks('    pre-deploy: "echo migration failed: no such column; exit 7"\n');
    const { ran, outcome, events } = await deployBad("migration", {});
    expect(ran.exitCode).toBe(4);
    expect(outcome).toMatchObject({ outcome: "aborted", error: { code: "HOOK_FAILED" } });
    expect(outcome.error?.message).toContain("exit code 7");
    expect(ran.stderr).toContain("migration failed: no such column");
    expect(events.some((event) => event.type === "container")).toBe(false);
    await expectUntouched();
  });

  it("whose pre-switch hook fails is aborted before it gets a request", async () => {
    await hooks('    pre-switch: "echo the smoke test failed; exit 1"\n');
    const { ran, outcome, events } = await deployBad("smoke", {});
    expect(ran.exitCode).toBe(4);
    expect(outcome).toMatchObject({ outcome: "aborted", error: { code: "HOOK_FAILED" } });
    expect(ran.stderr).toContain("the smoke test failed");
    expect(events.some((event) => event.type === "switched")).toBe(false);
    await expectUntouched();
  });

  it("is none when every hook succeeds: each runs once, with the app's environment, network and new image", async () => {
    const before = await visits();
    await hooks(
      ["pre-deploy", "pre-switch", "post-deploy"]
        .map((phase) => `    ${phase}:\n      - ${JSON.stringify(visit)}\n`)
        .join(""),
    );
    const { ran, outcome, events } = await deployBad("2", {});
    expect(ran.exitCode).toBe(0);
    expect(outcome.outcome).toBe("live");
    order.push("2");
    const said = events.flatMap((event) =>
      event.type === "log" && /^(?:pre|post)-/.test(event.source) ? [`${event.source}: ${event.line}`] : [],
    );
    expect(said).toEqual([
      `pre-deploy.0: hook of version 2 counted ${before + 1}`,
      `pre-switch.0: hook of version 2 counted ${before + 2}`,
      `post-deploy.0: hook of version 2 counted ${before + 3}`,
    ]);
    expect(await visits()).toBe(before + 4);
    const at = (find: (event: DeploymentEvent) => boolean) => events.findIndex(find);
    const switched = at((event) => event.type === "switched");
    const done = (hook: string) =>
      at((event) => event.type === "hook" && event.hook === hook && event.status === "done");
    const started = at((event) => event.type === "container");
    expect(done("pre-deploy.0")).toBeLessThan(started);
    expect(done("pre-switch.0")).toBeLessThan(switched);
    expect(done("post-deploy.0")).toBeGreaterThan(switched);
    expect((await engine.colours(app.project)).map(({ name }) => name)).toEqual([
      `${app.project}-blue-web-blue-1`,
      `${app.project}-green-web-green-1`,
    ]);
  });

  it("is live with a warning when only its post-deploy hook fails", async () => {
    await hooks('    post-deploy: "echo the cache is cold; exit 1"\n');
    const { ran, outcome, events } = await deployBad("3", {});
    expect(ran.exitCode).toBe(0);
    expect(outcome).toMatchObject({ outcome: "live", error: null });
    order.push("3");
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
    expect(warnings).toContain("HOOK_FAILED");
    expect(events).toContainEqual(expect.objectContaining({ type: "log", line: "the cache is cold" }));
  });

  it("has not failed one request in all that time", async () => {
    const report = await load.stop({ order });
    expect(report.failed).toEqual([]);
    expect(report.failures).toBe(0);
    expect(report.regressions.listed).toEqual([]);
    expect(report.byVersion.map(({ version }) => version)).toEqual(order);
    expect(report.requests).toBeGreaterThan(3_000);
  });
});

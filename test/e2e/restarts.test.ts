import { on } from "node:events";
import { execa, type ResultPromise } from "execa";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { type Load, startLoad } from "../../tools/load/load.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import type { TestInstance } from "../support/instance.ts";
import { type IsolatedEngine, isolatedEngine, noIsolation } from "../support/isolated-engine.ts";
import { eventually, observer } from "../support/observation.ts";

/** Two services of one image: only the version tells which of them has answered. */
const compose = `
services:
  web: &service
    build: {context: ., args: {VERSION: "\${VERSION:-1}"}}
    environment: {VERSION: "web-\${VERSION:-1}", FAIL: "\${FAIL:-}"}
    restart: unless-stopped
    ports: ["\${PORT}:3000"]
    healthcheck: {test: [CMD, node, -e, "process.exit(process.env.FAIL ? 1 : 0)"], start_interval: 100ms, start_period: 60s}
    x-cutover: {check: {path: /health}}
  api:
    <<: *service
    environment: {VERSION: "api-\${VERSION:-1}", FAIL: "\${FAIL:-}"}
    ports: ["8001:3000"]
networks:
  default: {ipam: {config: [{subnet: 10.197.0.0/24}]}}
x-cutover:
  drain: {requests: 3s, connections: 1s, spread: 0s}
`;

/** The second service is started when the first is healthy: until then compose has not done its work. */
const waiting = compose.replace(
  "    <<: *service\n",
  "    <<: *service\n    depends_on: {web: {condition: service_healthy}}\n",
);

type Service = "web" | "api";
const services: readonly Service[] = ["web", "api"];

/** On an engine of its own, every process of an installation is ended in every way, and the engine itself. */
describe.skipIf(noIsolation !== null)("after the end of", () => {
  let engine: IsolatedEngine;
  let look: ReturnType<typeof observer>;
  let instance: TestInstance;
  let app: TestApp;
  /** Versions in the order they were live in, since the beginning. */
  let live = "0";

  beforeAll(async () => {
    engine = await isolatedEngine({ images: ["node:24-slim"] });
    look = observer(engine.env);
    instance = engine.instance("restarts");
    await up(instance);
    app = await testApp(instance);
    await app.edit(() => compose);
    await goLive("1");
  });

  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  async function goLive(version: string): Promise<void> {
    expect(await app.deploy(version)).toMatchObject({ outcome: "live", exitCode: 0 });
    live = version;
  }

  /** Load on both services; ended with the test. */
  async function loads(): Promise<Record<Service, Load>> {
    const start = (port: number) =>
      startLoad({
        url: `http://127.0.0.1:${port}`,
        enter: engine.enter,
        mix: { keepalive: { connections: 3, rate: 80 }, close: { lanes: 1, rate: 20 } },
      });
    const web = await start(app.port);
    onTestFinished(() => web[Symbol.asyncDispose]());
    const api = await start(8001);
    onTestFinished(() => api[Symbol.asyncDispose]());
    return { web, api };
  }

  /** Waits until both services have answered so many requests more without one failing in between. */
  async function steady(load: Record<Service, Load>, answers = 60): Promise<void> {
    for (const service of services) {
      let from = load[service].progress;
      await load[service].until((now) => {
        if (now.failures > from.failures) from = now;
        return now.requests - from.requests >= answers;
      }, 60_000);
    }
  }

  /** Ends the loads; no answer may come from another service, or from a release that was not live. */
  async function rightAnswers(load: Record<Service, Load>, order: string[]): Promise<number> {
    let failures = 0;
    for (const service of services) {
      const report = await load[service].stop({ order: order.map((version) => `${service}-${version}`) });
      expect(report.byVersion.map(({ version }) => version)).toEqual(
        [...new Set(order)].map((version) => `${service}-${version}`),
      );
      expect(report.regressions.listed).toEqual([]);
      failures += report.failures;
    }
    return failures;
  }

  const containerId = async (component: string) =>
    (await look.docker("ps", "--all", "--quiet", "--filter", `name=^${instance.name}-${component}$`))[0];

  /** Kills a container's first process as the kernel would, which no restart policy takes for a wish. */
  async function killProcess(component: string): Promise<void> {
    const [pid = ""] = await look.docker(
      "inspect",
      "--format",
      "{{.State.Pid}}",
      `${instance.name}-${component}`,
    );
    await execa("nsenter", [...engine.view, "kill", "-KILL", pid]);
  }

  async function controlAnswers(): Promise<void> {
    await eventually(
      () => app.cutover(["status", "--json"]),
      ({ exitCode, lines }) =>
        exitCode === 0 && (lines[0]?.control as { gateway: unknown } | undefined)?.gateway !== null,
      30_000,
    );
  }

  describe("control", () => {
    it("routes are served, and control is back for deployment and rollback", async () => {
      const load = await loads();
      await killProcess("control");
      await controlAnswers();
      const before = live;
      await goLive("2");
      expect((await app.cutover(["rollback", "--json"])).exitCode).toBe(0);
      await steady(load);
      expect(await rightAnswers(load, [before, "2", before])).toBe(0);
      live = before;
    });

    it("by `docker kill`, a deployment starts it again", async () => {
      const load = await loads();
      await look.docker("kill", `${instance.name}-control`);
      const before = live;
      await goLive("3");
      await steady(load);
      expect(await rightAnswers(load, [before, "3"])).toBe(0);
    });

    it("for a while, nothing fails; a container's new address is found when it is back", async () => {
      const load = await loads();
      await look.docker("stop", `${instance.name}-control`);
      await steady(load, 200);
      expect((await app.cutover(["status"])).exitCode).toBe(7);
      await up(instance);
      await controlAnswers();
      await steady(load);
      expect(await rightAnswers(load, [live])).toBe(0);
    });
  });

  describe("a container of the app", () => {
    it("it serves again from another address", async () => {
      const load = await loads();
      const [container] = (await look.colours(app.project)).filter(
        ({ name, state }) => name.includes("-web-") && state === "running",
      );
      const name = container?.name ?? "";
      onTestFinished(async () => void (await look.docker("start", name)));
      await look.docker("stop", name);
      const network = `${app.project}_default`;
      const address = container?.addresses[network] ?? "";
      const args = ["--detach", "--name", "squatter", "--network", network, "--ip", address];
      const idle = ["--entrypoint", "node", "node:24-slim", "-e", "setInterval(() => {}, 1000)"];
      await look.docker("run", ...args, ...idle);
      onTestFinished(async () => void (await look.docker("rm", "--force", "squatter")));
      await look.docker("start", name);
      const moved = (await look.colours(app.project)).find(({ id }) => id === container?.id);
      expect(moved?.addresses[network]).toMatch(/^10\.197\.0\./);
      expect(moved?.addresses[network]).not.toBe(address);
      await steady(load);
      await rightAnswers(load, [live]);
    });
  });

  describe("the gateway", () => {
    it("it comes back with the same routes", async () => {
      const load = await loads();
      await killProcess("gateway");
      await steady(load);
      await rightAnswers(load, [live]);
      await goLive("4");
    });

    it("with control gone, it serves from its snapshot", async () => {
      const load = await loads();
      await look.docker("stop", `${instance.name}-control`);
      await killProcess("gateway");
      await steady(load);
      await rightAnswers(load, [live]);
      await up(instance);
      await controlAnswers();
    });

    it("and its container, `up` makes it again; doing it twice changes nothing", async () => {
      const control = await containerId("control");
      await look.docker("rm", "--force", `${instance.name}-gateway`);
      await up(instance);
      const gateway = await containerId("gateway");
      expect(await containerId("control")).toBe(control);
      await up(instance);
      expect([await containerId("control"), await containerId("gateway")]).toEqual([control, gateway]);
      const load = await loads();
      await steady(load);
      expect(await rightAnswers(load, [live])).toBe(0);
    });
  });

  describe("the engine", () => {
    it("by SIGTERM, all comes back and nothing answers for another", async () => {
      const load = await loads();
      const before = await standing();
      for (let round = 0; round < 2; round += 1) {
        await engine.stop("SIGTERM");
        await engine.start();
        await allRuns();
        await steady(load);
      }
      await rightAnswers(load, [live]);
      expect(await standing()).toEqual(before);
      await goLive("5");
    });

    it("with the machine, all comes back and nothing answers for another", async () => {
      const before = await standing();
      for (let round = 0; round < 2; round += 1) {
        await engine.crash();
        await engine.start();
        const load = await loads();
        await allRuns();
        await steady(load);
        await rightAnswers(load, [live]);
      }
      expect(await standing()).toEqual(before);
      await goLive("6");
    });

    async function standing(): Promise<unknown[]> {
      const containers = await look.containers();
      return containers.map(({ name, id, state, release }) => ({ name, id, state, release }));
    }

    async function allRuns(): Promise<void> {
      await eventually(
        () => look.colours(app.project),
        (containers) => containers.filter(({ state }) => state === "running").length === 2,
        60_000,
      );
      await controlAnswers();
    }
  });

  describe("the command", () => {
    it.each([
      ["when the deployment has begun", compose, of("begun")],
      ["when the release has its number", compose, of("release")],
      ["when compose makes containers", compose, said(/Container \S+ +Creating/)],
      ["when a container runs and another waits for it", waiting, of("container")],
    ])("%s, all of the deployment is removed", async (_when, file, moment) => {
      const load = await loads();
      await app.edit(() => file);
      onTestFinished(() => app.edit(() => compose));
      const before = await look.everything();
      const serving = (await look.colours(app.project)).filter(({ state }) => state === "running");
      const command = app.spawn(["deploy", "--json"], { VERSION: "orphan", FAIL: "never-healthy" });
      await eventOf(command, moment);
      command.kill("SIGKILL");
      await command;
      await eventually(
        () => app.cutover(["status", "--json"]),
        ({ stdout }) => stdout.includes('"deployment":null'),
      );
      const added = async () => (await look.everything()).filter((name) => !before.includes(name));
      await eventually(added, (names) => names.length === 0);
      expect((await look.colours(app.project)).filter(({ state }) => state === "running")).toEqual(serving);
      const history = await app.cutover(["history", "--json"]);
      expect(history.stdout).not.toContain("pending");
      await steady(load);
      expect(await rightAnswers(load, [live])).toBe(0);
    });

    it("when control has taken over, the deployment goes on without it", async () => {
      const load = await loads();
      const before = live;
      const command = app.spawn(["deploy", "--json"], { VERSION: "7" });
      await eventOf(command, (event) => event.type === "step" && event.step === "ready");
      command.kill("SIGKILL");
      await load.web.until(({ version }) => version === "web-7");
      await load.api.until(({ version }) => version === "api-7");
      live = "7";
      await steady(load);
      expect(await rightAnswers(load, [before, "7"])).toBe(0);
    });

    it("with --detach, the release goes live by itself", async () => {
      const load = await loads();
      const before = live;
      const detached = await app.cutover(["deploy", "--detach", "--wait-lock", "--json"], { VERSION: "8" });
      expect(detached).toMatchObject({ exitCode: 0 });
      expect(detached.lines.at(-1)).toMatchObject({ type: "detached" });
      await load.web.until(({ version }) => version === "web-8");
      await load.api.until(({ version }) => version === "api-8");
      live = "8";
      await steady(load);
      expect(await rightAnswers(load, [before, "8"])).toBe(0);
    });
  });
});

/** The first event that a command with `--json` prints and that satisfies the predicate. */
async function eventOf(command: ResultPromise, moment: Moment): Promise<void> {
  if (!command.stdout) throw new Error("its output is not piped");
  let rest = "";
  let all = "";
  for await (const [chunk] of on(command.stdout, "data", { close: ["end"] })) {
    const lines = (rest + String(chunk)).split("\n");
    all += String(chunk);
    rest = lines.pop() ?? "";
    if (lines.some((line) => line !== "" && moment(JSON.parse(line) as DeploymentEvent))) return;
  }
  throw new Error(`that event never came:\n${all}`);
}

type Moment = (event: DeploymentEvent) => boolean;

function of(type: DeploymentEvent["type"]): Moment {
  return (event) => event.type === type;
}

/** Compose says so. */
function said(pattern: RegExp): Moment {
  return (event) => event.type === "log" && event.source === "compose" && pattern.test(event.line);
}

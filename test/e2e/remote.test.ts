import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as dial, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Load, startLoad } from "../../tools/load/load.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";
import { observer } from "../support/observation.ts";
import { hasSshServer, type SshServer, sshServer } from "../support/ssh.ts";

const launcher = fileURLToPath(new URL("../../bin/cutover", import.meta.url));

/** Every way to the engine but its local socket: control is then reached through `exec` in its container. */
describe("an engine reached", () => {
  const engine = observer();
  let instance: TestInstance;
  let app: TestApp;
  let load: Load;
  let config: string;
  let version = 1;

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance);
    await app.edit((text) =>
      text
        .replace("requests: 30s", "requests: 3s")
        .replace("connections: 60s", "connections: 1s\n    spread: 0s"),
    );
    config = await mkdtemp(join(tmpdir(), "cutover-docker-config-"));
    expect(await app.deploy("1")).toMatchObject({ outcome: "live" });
    load = await startLoad({
      url: app.url,
      mix: { keepalive: { connections: 4, rate: 100 }, close: { lanes: 1, rate: 20 } },
    });
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
    await rm(config ?? "", { recursive: true, force: true });
  });

  /** A whole round with an environment: deploy, look, roll back, read logs; nothing fails. */
  async function round(env: Record<string, string>): Promise<void> {
    version += 1;
    expect(await app.deploy(String(version), [], env)).toMatchObject({ outcome: "live", exitCode: 0 });
    const status = await app.cutover(["status", "--json"], env);
    expect(status.exitCode, status.stderr).toBe(0);
    expect(status.lines[0]?.apps).toMatchObject([{ app: app.project, live: { number: version } }]);
    expect((await app.cutover(["logs"], env)).stdout).toContain(`version ${version} listens`);
    const before = await engine.colours(app.project);
    const bad = await app.deploy("bad", [], { ...env, FAIL: "exit" });
    expect(bad).toMatchObject({ outcome: "refused", exitCode: 3 });
    expect((await engine.colours(app.project)).filter(({ state }) => state === "running")).toEqual(
      before.filter(({ state }) => state === "running"),
    );
    version += 1;
    await load.until((now) => now.version === String(version - 1));
    expect(load.progress.failures).toBe(0);
  }

  /** A TCP port that leads to the engine's socket, as DOCKER_HOST=tcp:// has it. */
  async function forwarded(): Promise<string> {
    const server: Server = createServer((client) => {
      const socket = dial("/var/run/docker.sock");
      client.pipe(socket).pipe(client);
      client.on("error", () => socket.destroy());
      socket.on("error", () => client.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it listens on no port");
    return `tcp://127.0.0.1:${address.port}`;
  }

  it("by TCP", async () => {
    await round({ DOCKER_HOST: await forwarded() });
  });

  it("by a context, chosen by variable, by option and as the current one", async () => {
    const host = await forwarded();
    const env = { DOCKER_CONFIG: config };
    await execa("docker", ["context", "create", "elsewhere", "--docker", `host=${host}`], { env });
    await round({ ...env, DOCKER_CONTEXT: "elsewhere" });
    const named = await app.cutover(["--context", "elsewhere", "status", "--json"], {
      ...env,
      DOCKER_HOST: "unix:///nowhere.sock",
    });
    expect(named.exitCode, named.stderr).toBe(0);
    await execa("docker", ["context", "use", "elsewhere"], { env });
    const current = await app.cutover(["version", "--json"], env);
    expect(current.exitCode, current.stderr).toBe(0);
  });

  it("as docker's own command, installed as its plugin", async () => {
    const directory = await mkdtemp(join(tmpdir(), "cutover-plugin-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const env = {
      ...instance.env,
      DOCKER_CONFIG: directory,
      PORT: String(app.port),
      COMPOSE_PROJECT_NAME: app.project,
    };
    const run = (args: string[], more: Record<string, string> = {}) =>
      execa("docker", args, { cwd: app.directory, env: { ...env, ...more }, reject: false, stdin: "ignore" });
    expect((await run(["cutover", "version"])).exitCode).not.toBe(0);
    await execa(launcher, ["plugin", "install"], { env });
    expect((await run(["--help"])).stdout).toMatch(/cutover\*\s+Zero-downtime deployments/);
    version += 1;
    const deployed = await run(["cutover", "deploy", "--json"], { VERSION: String(version) });
    expect(deployed.exitCode, deployed.stderr).toBe(0);
    expect(deployed.stdout).toContain('"outcome":"live"');
    const host = await forwarded();
    const other = await run(["--host", host, "cutover", "status", "--json"]);
    expect(other.exitCode, other.stderr).toBe(0);
    expect(other.stdout).toContain(app.project);
    expect((await run(["cutover", "rollback", "99"])).exitCode).toBe(2);
    await execa(launcher, ["plugin", "uninstall"], { env });
    expect((await run(["cutover", "version"])).exitCode).not.toBe(0);
  });

  it("by SSH", async ({ skip }) => {
    if (!(await hasSshServer())) skip("there is no sshd on this machine, or it may not be started");
    const ssh: SshServer = await sshServer();
    onTestFinished(() => ssh[Symbol.asyncDispose]());
    await round({ DOCKER_HOST: ssh.host, PATH: ssh.path });
  });

  it("in none of these ways with a failed request", async () => {
    const report = await load.stop();
    expect(report.failed).toEqual([]);
    expect(report.regressions.listed).toEqual([]);
  });
});

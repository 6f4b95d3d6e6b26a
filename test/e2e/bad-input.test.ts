import { on, once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa, type ResultPromise } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ErrorCode } from "../../src/model/error-catalogue.ts";
import { errorCatalogue } from "../../src/model/error-catalogue.ts";
import type { ErrorBody } from "../../src/model/error.ts";
import { freePorts } from "../../tools/instance/ports.ts";
import { type TestApp, testApp, up } from "../support/app.ts";
import { type TestInstance, testInstance } from "../support/instance.ts";
import { noIsolation } from "../support/isolated-engine.ts";
import { eventually, observer, type SeenContainer } from "../support/observation.ts";
import { type PublicCopy, publicCopy } from "../support/outsider.ts";

/** The first event of a type that a command with `--json` prints from now on. */
async function eventOf(command: ResultPromise, type: string): Promise<unknown> {
  const { stdout } = command;
  if (!stdout) throw new Error("its output is not piped");
  for await (const [chunk] of on(stdout, "data", { close: ["end"] })) {
    for (const line of String(chunk).split("\n")) {
      if (line.includes(`"type":"${type}"`)) return JSON.parse(line);
    }
  }
  throw new Error(`it ended without an event ${type}`);
}

const launcher = fileURLToPath(new URL("../../bin/cutover", import.meta.url));

interface Refusal {
  exitCode: number;
  error: ErrorBody;
  stderr: string;
  /** Output of both kinds. */
  all: string;
}

/** What is wrong is said, each with its own code, and nothing has changed. */
describe("bad input", () => {
  const engine = observer();
  let instance: TestInstance;
  let app: TestApp;
  let compose: string;

  beforeAll(async () => {
    instance = await testInstance();
    await up(instance);
    app = await testApp(instance);
    await app.edit((text) => text.replace("connections: 60s", "connections: 1s"));
    compose = await readFile(join(app.directory, "compose.yaml"), "utf8");
    expect(await app.deploy("1")).toMatchObject({ outcome: "live", release: 1 });
  });

  afterAll(async () => {
    await app?.cutover(["down"]);
    await app?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  beforeEach(() => writeFile(join(app.directory, "compose.yaml"), compose));

  /** Everything in the engine that has to do with this test, but the images that compose has built for the user. */
  async function ours(): Promise<{ names: string[]; containers: SeenContainer[] }> {
    const all = await engine.everything();
    const names = all.filter((name) => name.includes(instance.name) && !name.endsWith("-web:latest"));
    return { names, containers: await engine.containers(`name=${instance.name}`) };
  }

  interface Attempt {
    env?: Record<string, string>;
    cwd?: string;
    /** What stands in place of the command. */
    command?: string[];
  }

  /** Runs a command that must fail with the code and change nothing. */
  async function refused(code: ErrorCode, args: string[], attempt: Attempt = {}): Promise<Refusal> {
    const before = await ours();
    const [command = "", ...first] = attempt.command ?? [launcher];
    const ran = await execa(command, [...first, ...args, "--json"], {
      cwd: attempt.cwd ?? app.directory,
      env: {
        ...instance.env,
        PORT: String(app.port),
        COMPOSE_PROJECT_NAME: app.project,
        VERSION: "2",
        ...attempt.env,
      },
      reject: false,
      stdin: "ignore",
    });
    const last = ran.stdout.trim().split("\n").at(-1) ?? "";
    const shown = `${ran.stdout}\n${ran.stderr}`;
    expect(last.startsWith("{"), shown).toBe(true);
    const event = JSON.parse(last) as { type: string; error: ErrorBody };
    expect(event, shown).toMatchObject({ type: "error", error: { code } });
    expect(ran.exitCode).toBe(errorCatalogue[code].exit);
    expect(ran.stderr).toContain(`[${code}]`);
    expect(ran.stderr).toContain(event.error.hint.split("\n")[0]);
    await eventually(ours, (now) => JSON.stringify(now) === JSON.stringify(before), 10_000);
    return { exitCode: ran.exitCode ?? -1, error: event.error, stderr: ran.stderr, all: shown };
  }

  async function temporary(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "cutover-input-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** Line and column, from 1, of the first occurrence of a text in the compose file as it is now. */
  async function placeOf(text: string): Promise<{ file: string; line: number; column: number }> {
    const lines = (await readFile(join(app.directory, "compose.yaml"), "utf8")).split("\n");
    const line = lines.findIndex((one) => one.includes(text));
    const column = (lines[line] ?? "").indexOf(text.trim());
    return { file: "compose.yaml", line: line + 1, column: column + 1 };
  }

  describe("around the engine", () => {
    it("no engine at a socket", async () => {
      const { error } = await refused("ENGINE_UNREACHABLE", ["deploy"], {
        env: { DOCKER_HOST: "unix:///nowhere/docker.sock" },
      });
      expect(error.message).toContain("/nowhere/docker.sock");
    });

    it("no engine at a port", async () => {
      const [port] = await freePorts(1);
      const { error } = await refused("ENGINE_UNREACHABLE", ["up"], {
        env: { DOCKER_HOST: `tcp://127.0.0.1:${port}` },
      });
      expect(error.message).toContain(String(port));
    });

    it("something else than an engine", async () => {
      const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const { error } = await refused("ENGINE_UNREACHABLE", ["deploy"], {
        env: { DOCKER_HOST: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` },
      });
      expect(error.message).toContain("not a Docker Engine");
    });

    it("an engine that is too old", async () => {
      const asked: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        asked.push(request.method);
        response.writeHead(200, { "api-version": "1.40", server: "Docker/19.03.15 (linux)" }).end("OK");
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const { error } = await refused("ENGINE_TOO_OLD", ["deploy"], {
        env: { DOCKER_HOST: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` },
      });
      expect(error.message).toMatch(/1\.40.*20\.10/);
      expect(asked.filter((method) => method !== "GET" && method !== "HEAD")).toEqual([]);
    });

    it("an address and a context that do not exist", async () => {
      await refused("USAGE", ["deploy"], { env: { DOCKER_HOST: "gopher://somewhere" } });
      const { error } = await refused("USAGE", ["deploy", "--context", "nowhere"]);
      expect(error.message).toContain("nowhere");
    });

    describe.skipIf(noIsolation !== null)("as another user or in another view of the disk", () => {
      let copy: PublicCopy;
      beforeAll(async () => {
        copy = await publicCopy();
        await chmod(app.directory, 0o755);
      });
      afterAll(() => copy?.[Symbol.asyncDispose]());

      it("a user who may not use the engine's socket", async () => {
        const { error } = await refused("ENGINE_DENIED", ["deploy"], {
          command: copy.asNobody,
          env: { HOME: copy.directory },
        });
        expect(error.message).toContain("docker.sock");
        expect(error.hint).toContain("docker");
      });

      it("no compose plugin", async () => {
        const hide = `for d in /usr/local/lib /usr/local/libexec /usr/lib /usr/libexec; do
          [ ! -d $d/docker/cli-plugins ] || mount -t tmpfs none $d/docker/cli-plugins; done; exec "$@"`;
        const { error } = await refused("COMPOSE_MISSING", ["deploy"], {
          command: ["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh", launcher],
          env: { DOCKER_CONFIG: copy.directory },
        });
        expect(error.message).toContain("docker compose version");
      });
    });

    it("no docker command at all", async () => {
      const { error } = await refused("COMPOSE_MISSING", ["deploy"], { env: { PATH: await temporary() } });
      expect(error.message).toContain("PATH");
    });
  });

  describe("around the file", () => {
    it("no compose file", async () => {
      await refused("COMPOSE_FILE_MISSING", ["deploy"], { cwd: await temporary() });
      const { error } = await refused("COMPOSE_FILE_MISSING", ["-f", "nowhere.yaml", "deploy"]);
      expect(error.message).toContain("nowhere.yaml");
    });

    it("a key that compose does not know", async () => {
      await app.edit((text) => text.replace("    depends_on:\n", "    dependson:\n"));
      const { error, stderr } = await refused("COMPOSE_FILE_INVALID", ["deploy"]);
      const where = await placeOf("dependson");
      expect(error.where).toMatchObject({ line: where.line, column: where.column });
      expect(error.message).toContain("dependson");
      expect(stderr).toContain(`compose.yaml:${where.line}:${where.column}`);
    });

    it("a file that is not YAML", async () => {
      await app.edit((text) => text.replace("    environment:\n", "    environment: [\n"));
      const { error } = await refused("COMPOSE_FILE_INVALID", ["deploy"]);
      expect(error.where?.file).toContain("compose.yaml");
      expect(error.where?.line).toBeGreaterThan(0);
    });

    it("a service that does not exist, with the nearest one that does", async () => {
      const { error } = await refused("SERVICE_UNKNOWN", ["deploy", "wep"]);
      expect(error.message).toContain('Did you mean "web"?');
    });

    it("a key in a service's x-cutover", async () => {
      await app.edit((text) => text.replace("      check:\n", "      chekc:\n"));
      const { error, stderr } = await refused("EXTENSION_INVALID", ["deploy"]);
      const where = await placeOf("chekc");
      expect(error.where).toMatchObject({ line: where.line, column: where.column });
      expect(error.message).toContain('Did you mean "check"?');
      expect(stderr).toContain(`compose.yaml:${where.line}:${where.column}`);
    });

    it("a key and a value in the app's x-cutover", async () => {
      await app.edit((text) => text.replace("  drain:\n", "  drian:\n"));
      const wrongKey = await refused("EXTENSION_INVALID", ["deploy"]);
      expect(wrongKey.error.message).toContain('Did you mean "drain"?');
      const key = await placeOf("drian");
      expect(wrongKey.error.where).toMatchObject({ line: key.line, column: key.column });
      await writeFile(
        join(app.directory, "compose.yaml"),
        compose.replace("requests: 30s", "requests: soon"),
      );
      const wrongValue = await refused("EXTENSION_INVALID", ["deploy"]);
      const value = await placeOf("soon");
      expect(wrongValue.error.where).toMatchObject({ line: value.line, column: value.column });
    });

    it("an image that can't be built", async () => {
      const file = join(app.directory, "Dockerfile");
      const before = await readFile(file, "utf8");
      onTestFinished(() => writeFile(file, before));
      await writeFile(file, `${before}RUN echo the compiler says no >&2; exit 9\n`);
      const { error, stderr } = await refused("BUILD_FAILED", ["deploy"]);
      expect(error.details.join("\n")).toContain("the compiler says no");
      expect(stderr).toContain("the compiler says no");
    });

    it("an image that can't be pulled, and one that is not there", async () => {
      const [port] = await freePorts(1);
      const image = `127.0.0.1:${port}/${instance.name}/none:1`;
      await app.edit((text) =>
        text.replace(/ {4}build:\n {6}context: \.\n(?: {6,}.*\n)+/, `    image: ${image}\n`),
      );
      const { error } = await refused("PULL_FAILED", ["deploy"]);
      expect(error.details.join("\n")).toContain(String(port));
      const missing = await refused("IMAGE_MISSING", ["deploy", "--pull", "never"]);
      expect(missing.error.message).toContain(image);
    });
  });

  describe("around the ports", () => {
    it("the app's port is taken by a process: it is named with its number", async () => {
      const server = createServer().listen(0, "0.0.0.0");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const port = (server.address() as AddressInfo).port;
      const { error } = await refused("PORT_TAKEN", ["deploy"], { env: { PORT: String(port) } });
      expect(error.message).toContain(String(port));
      expect(error.message).toContain(`process ${process.pid}`);
    });

    it("the app's port is taken by a container: it is named", async () => {
      const holder = await portHolder();
      const { error } = await refused("PORT_TAKEN", ["deploy"], { env: { PORT: String(holder.port) } });
      expect(error.message).toContain(String(holder.port));
      expect(error.message).toContain(`container ${holder.name}`);
    });

    it("the gateway's port is taken by a container: it is named, and the gateway serves on", async () => {
      const holder = await portHolder();
      const { error } = await refused("PORT_TAKEN", ["up", "--http-port", String(holder.port)]);
      expect(error.message).toContain(`container ${holder.name}`);
      expect((await fetch(app.url)).status).toBe(200);
    });

    async function portHolder(): Promise<{ name: string; port: number }> {
      const [port = 0] = await freePorts(1);
      const name = `${instance.name}-holder`;
      const args = ["--detach", "--name", name, "--publish", `${port}:80`, "--entrypoint", "node"];
      await engine.docker("run", ...args, "node:24-slim", "-e", "setInterval(() => {}, 1000)");
      onTestFinished(async () => void (await engine.docker("rm", "--force", name)));
      return { name, port };
    }
  });

  describe("around other deployments", () => {
    it("a project of that name that Cutover did not make", async () => {
      const elsewhere = await temporary();
      const project = instance.project("foreign");
      await writeFile(
        join(elsewhere, "compose.yaml"),
        'services:\n  cache:\n    image: node:24-slim\n    entrypoint: [node, -e, "setInterval(() => {}, 1000)"]\n',
      );
      await execa("docker", ["compose", "-p", project, "up", "--detach"], { cwd: elsewhere });
      const { error } = await refused("APP_FOREIGN", ["deploy", "-p", project]);
      expect(error.message).toContain(elsewhere);
      expect(error.details).toEqual([`container ${project}-cache-1`]);
      await execa("docker", ["compose", "-p", project, "down", "--timeout", "0"], { cwd: elsewhere });
    });

    it("a colour's project that Cutover did not make", async () => {
      const elsewhere = await temporary();
      const project = instance.project("colour");
      await writeFile(
        join(elsewhere, "compose.yaml"),
        'services:\n  cache:\n    image: node:24-slim\n    entrypoint: [node, -e, "setInterval(() => {}, 1000)"]\n',
      );
      await execa("docker", ["compose", "-p", `${project}-green`, "up", "--detach"], { cwd: elsewhere });
      const { error } = await refused("APP_FOREIGN", ["deploy", "-p", project]);
      expect(error.message).toContain(`${project}-green`);
      await execa("docker", ["compose", "-p", `${project}-green`, "down", "--timeout", "0"], {
        cwd: elsewhere,
      });
    });

    it("a route that another app has", async () => {
      const { error } = await refused("ROUTE_TAKEN", ["deploy", "-p", instance.project("second")]);
      expect(error.message).toContain(app.project);
    });

    it("two deployments at once: the second is refused naming the first, or waits", async () => {
      const first = app.spawn(["deploy", "--json"], { VERSION: "held", FAIL: "never-healthy" });
      const begun = (await eventOf(first, "begun")) as { deployment: string };
      await eventOf(first, "container");
      const busy = await app.cutover(["deploy", "--json"], { VERSION: "2" });
      expect(busy.exitCode).toBe(5);
      const { error } = busy.lines.at(-1) as { error: ErrorBody };
      expect(error.code).toBe("BUSY");
      expect(error.message).toContain(begun.deployment);
      expect(error.message).toContain(userInfo().username);

      const short = await app.cutover(["deploy", "--json", "--wait-lock", "200ms"], { VERSION: "2" });
      expect(short.exitCode).toBe(5);

      const waiting = app.spawn(["deploy", "--json", "--wait-lock"], { VERSION: "2" });
      await eventOf(waiting, "waiting");
      first.kill("SIGINT");
      expect((await first).exitCode).toBe(4);
      const done = await waiting;
      expect(done.exitCode).toBe(0);
      expect(String(done.stdout)).toContain('"outcome":"live"');
      expect(await (await fetch(app.url)).json()).toMatchObject({ version: "2" });
    });

    it("nothing to roll back to, and no such release or app", async () => {
      const other = await testApp(instance, "node", "other");
      onTestFinished(() => other[Symbol.asyncDispose]());
      const options = {
        cwd: other.directory,
        env: { PORT: String(other.port), COMPOSE_PROJECT_NAME: other.project },
      };
      await refused("APP_UNKNOWN", ["rollback"], options);
      expect(await other.deploy("1")).toMatchObject({ outcome: "live" });
      const { error } = await refused("NOTHING_TO_ROLL_BACK", ["rollback"], options);
      expect(error.hint).toContain("history");
      await refused("RELEASE_UNKNOWN", ["rollback", "17"], options);
      await refused("USAGE", ["rollback", "1x"], options);
      await other.cutover(["down"]);
    });

    it("a command line that is wrong", async () => {
      const { error } = await refused("USAGE", ["deploy", "--forse"]);
      expect(error.hint).toContain("`--force`");
      await refused("USAGE", ["deploi"]);
      await refused("USAGE", ["deploy", "--timeout", "soon"]);
    });
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EngineConnection } from "../../../src/engine/connection.ts";
import {
  createContainer,
  inspectContainer,
  removeContainer,
  startContainer,
  stopContainer,
} from "../../../src/engine/containers.ts";
import { resolveEndpoint } from "../../../src/engine/endpoint.ts";
import { listImages } from "../../../src/engine/images.ts";
import { connectControl } from "../../../src/install/connect.ts";
import { readSettingChanges } from "../../../src/install/gateway-settings.ts";
import { removeInstallation } from "../../../src/install/down.ts";
import { installationLabels } from "../../../src/install/names.ts";
import { ensureUp, type UpOptions } from "../../../src/install/up.ts";
import { label } from "../../../src/model/labels.ts";
import { type TestInstance, testInstance } from "../../support/instance.ts";

const version = "9.8.7";
const banner =
  'import { createRequire as cutoverCreateRequire } from "node:module"; const require = cutoverCreateRequire(import.meta.url);';

describe("an installation", () => {
  let dist: string;
  let connection: EngineConnection;
  let instance: TestInstance;

  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), "dist-"));
    connection = await EngineConnection.open(resolveEndpoint({ env: process.env }));
    await build({
      entryPoints: {
        control: "src/control/main.ts",
        gateway: "src/gateway/main.ts",
        "gateway-worker": "src/gateway/worker-main.ts",
      },
      outdir: dist,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      define: { CUTOVER_VERSION: JSON.stringify(version) },
      banner: { js: banner },
    });
  });

  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    rmSync(dist, { recursive: true });
  });

  beforeEach(async () => {
    instance = await testInstance();
  });

  afterEach(() => instance[Symbol.asyncDispose]());

  function up(options: Partial<UpOptions> = {}) {
    const { name, httpPort } = instance;
    return ensureUp({ connection, instance: name, httpPort, replace: true, dist, version, ...options });
  }

  async function ids() {
    const [control, gateway] = await Promise.all(
      ["control", "gateway"].map((name) => inspectContainer(connection, `${instance.name}-${name}`)),
    );
    return { control: control?.Id, gateway: gateway?.Id };
  }

  /** A copy of the bundles with something appended to one. */
  async function changed(component: "control" | "gateway", text: string): Promise<string> {
    const copy = mkdtempSync(join(dist, "changed-"));
    for (const name of ["control", "gateway", "gateway-worker"]) {
      const source = await readFile(join(dist, `${name}.mjs`), "utf8");
      writeFileSync(join(copy, `${name}.mjs`), name === component ? `${text}\n${source}` : source);
    }
    return copy;
  }

  test.each(["local", "official"] as const)("stands, is left alone and goes (%s runtime)", async (base) => {
    const first = await up({ base });
    expect(first.changes).toEqual({ control: "created", gateway: "created" });
    expect(first.status).toMatchObject({ version, gateway: { version } });
    expect(first.status.gateway?.listeners).toContainEqual({
      name: "http",
      host: null,
      port: instance.httpPort,
      bound: true,
    });
    const before = await ids();
    const again = await up({ base, httpPort: undefined });
    expect(again).toMatchObject({
      httpPort: instance.httpPort,
      changes: { control: "unchanged", gateway: "unchanged" },
    });
    expect(await ids()).toEqual(before);
    expect(await listImages(connection, installationLabels(instance.name, "daemon"))).toHaveLength(1);

    const removed = await removeInstallation(connection, instance.name);
    expect(removed.map(({ kind }) => kind).toSorted()).toEqual([
      ...["container", "container", "image", "volume", "volume", "volume"],
    ]);
    expect(await removeInstallation(connection, instance.name)).toEqual([]);
    expect(await instance.leftovers()).toEqual([]);
  });

  test("replaces only the daemon that has changed, and its image", async () => {
    await up();
    const before = await ids();
    const dist2 = await changed("control", "// another");
    expect((await up({ dist: dist2, replace: false })).changes).toEqual({
      control: "unchanged",
      gateway: "unchanged",
    });
    expect(await ids()).toEqual(before);
    const { changes } = await up({ dist: dist2 });
    expect(changes).toEqual({ control: "replaced", gateway: "unchanged" });
    const after = await ids();
    expect(after.gateway).toBe(before.gateway);
    expect(after.control).not.toBe(before.control);

    const moved = await up({ dist: dist2, bind: "127.0.0.1" });
    expect(moved.changes).toEqual({ control: "unchanged", gateway: "replaced" });
    expect(await listImages(connection, installationLabels(instance.name, "daemon"))).toHaveLength(1);
    const kept = await up({ dist: dist2, httpPort: undefined });
    expect(kept).toMatchObject({
      bind: "127.0.0.1",
      changes: { control: "unchanged", gateway: "unchanged" },
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    get({ host: "127.0.0.1", port: instance.httpPort, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
    expect(await promise).toBeGreaterThanOrEqual(400);
  });

  test("gives the gateway its settings, and keeps them until told otherwise", async () => {
    const pages = mkdtempSync(join(dist, "pages-"));
    chmodSync(pages, 0o755);
    for (const name of ["4xx.html", "5xx.html"]) writeFileSync(join(pages, name), "a page of one's own");
    const settings = readSettingChanges(["access-log=off", `error-pages=${pages}`, "header-timeout=15000ms"]);
    await up();
    const before = await ids();
    const { changes } = await up({ settings });
    expect(changes).toEqual({ control: "unchanged", gateway: "replaced" });
    const changed = await ids();
    expect(changed.control).toBe(before.control);
    const said = { "access-log": "off", "error-pages": pages, "header-timeout": "15s" };
    expect(await up()).toMatchObject({
      settings: said,
      changes: { control: "unchanged", gateway: "unchanged" },
    });
    expect(await ids()).toEqual(changed);
    const path = `/containers/${changed.gateway}/json`;
    const { body } = await connection.json({ method: "GET", path });
    const pid = (body as { State: { Pid: number } }).State.Pid;
    const line = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    expect(line.slice(line.indexOf("--access-log"), -1)).toEqual([
      ...["--access-log", "off", "--error-pages", "/etc/cutover/error-pages", "--header-timeout", "15s"],
    ]);
    expect(await readFile(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/etc\/cutover\/error-pages ro,/);

    const url = `http://127.0.0.1:${instance.httpPort}/`;
    const answer = await fetch(url, { headers: { accept: "text/html" } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).toBe("a page of one's own");

    await expect(
      up({ settings: readSettingChanges(["error-pages=/no/such/directory"]) }),
    ).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("/no/such/directory, which is no directory"),
    });
    expect(await ids()).toEqual(changed);
    const reset = await up({ settings: readSettingChanges(["error-pages=", "header-timeout="]) });
    expect(reset).toMatchObject({ settings: { "access-log": "off" }, changes: { gateway: "replaced" } });
  });

  test("starts what was stopped or removed", async () => {
    await up();
    const before = await ids();
    await stopContainer(connection, `${instance.name}-control`);
    await removeContainer(connection, `${instance.name}-gateway`);
    const { changes } = await up({ replace: false });
    expect(changes).toEqual({ control: "started", gateway: "created" });
    expect((await ids()).control).toBe(before.control);
  });

  test("comes up once when two commands start it at the same time", async () => {
    const results = await Promise.all([up({ replace: false }), up({ replace: false })]);
    for (const { status } of results) expect(status.version).toBe(version);
    const { control, gateway } = await ids();
    expect(control).toBeDefined();
    expect(gateway).toBeDefined();
    expect((await up()).changes).toEqual({ control: "unchanged", gateway: "unchanged" });
  });

  test("takes up what another command has started since it looked", async () => {
    let first: Promise<unknown> | null = null;
    const slow = new Proxy(connection, {
      get(of, key) {
        const value: unknown = Reflect.get(of, key);
        if (typeof value !== "function") return value;
        if (key !== "json") return value.bind(of);
        return async (request: Parameters<typeof of.json>[0]) => {
          // Asked for once it is known what runs: until then the other command has done its work.
          if (request.path === "/info") {
            first ??= up();
            await first;
          }
          return of.json(request);
        };
      },
    });
    const { changes } = await up({ connection: slow });
    expect(await first).toMatchObject({ changes: { control: "created", gateway: "created" } });
    expect(changes).toEqual({ control: "unchanged", gateway: "unchanged" });
  });

  test("takes up a replacement that was cut short", async () => {
    await up();
    const name = `${instance.name}-gateway`;
    const { gateway } = await ids();
    const leftover = await createContainer(connection, `${name}-next`, {
      Image: "node:24-slim",
      Cmd: ["sleep", "60"],
      Labels: installationLabels(instance.name, "gateway"),
    });
    expect((await up()).changes.gateway).toBe("unchanged");
    expect(await inspectContainer(connection, leftover)).toBeNull();
    expect((await ids()).gateway).toBe(gateway);
  });

  test("keeps the daemon that ran when the new one ends at once, and shows its last lines", async () => {
    await up();
    const before = await ids();
    const broken = await changed("control", 'console.error("no such luck"); process.exit(3);');
    await expect(up({ dist: broken })).rejects.toMatchObject({
      code: "CONTROL_UNREACHABLE",
      message: expect.stringContaining("code 3"),
      details: expect.arrayContaining(["no such luck"]),
    });
    expect(await ids()).toEqual(before);
    expect((await up()).changes).toEqual({ control: "unchanged", gateway: "unchanged" });
  });

  test("names the container that has the gateway's port", async () => {
    const { name, httpPort } = instance;
    const id = await createContainer(connection, `${name}-holder`, {
      Image: "node:24-slim",
      Cmd: ["sleep", "60"],
      Labels: { [label.instance]: name },
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: String(httpPort) }] } },
    });
    await startContainer(connection, id);
    await expect(up()).rejects.toMatchObject({
      code: "PORT_TAKEN",
      message: `Port ${httpPort} is in use by the container ${name}-holder.`,
    });
    expect(await ids()).toEqual({ control: undefined, gateway: undefined });
  });

  test("names the process that has the gateway's port", async () => {
    const { httpPort } = instance;
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(httpPort, "127.0.0.1", resolve));
    try {
      await expect(up()).rejects.toMatchObject({
        code: "PORT_TAKEN",
        message: expect.stringMatching(
          new RegExp(`Port ${httpPort} is in use by .+ \\(process ${process.pid}\\)`),
        ),
      });
    } finally {
      server.close();
    }
  });

  test("the gateway runs without root, without the socket, with the one capability", async () => {
    await up();
    const { body } = await connection.json({
      method: "GET",
      path: `/containers/${instance.name}-gateway/top`,
      query: { ps_args: "-o pid,uid" },
    });
    const { Processes } = body as { Processes: [pid: string, uid: string][] };
    expect(Processes.length).toBeGreaterThan(1);
    for (const [pid, uid] of Processes) {
      expect(uid).toBe("10001");
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      for (const set of ["CapPrm", "CapEff", "CapBnd"]) {
        expect(/\t([0-9a-f]+)/.exec(status.slice(status.indexOf(set)))?.[1]).toBe("0000000000000400");
      }
      expect(await readFile(`/proc/${pid}/mountinfo`, "utf8")).not.toContain("docker.sock");
    }
  });

  test.each(["socket", "relay"] as const)("control is reached by %s", async (via) => {
    await up();
    const control = await connectControl(connection, instance.name, { version, via });
    expect(await control.request("GET", "/v1/apps")).toEqual({ apps: [] });
    await expect(control.request("GET", "/v1/apps/none")).rejects.toMatchObject({ code: "APP_UNKNOWN" });
    await expect(connectControl(connection, instance.name, { version: "1.0.0", via })).rejects.toMatchObject({
      code: "CONTROL_VERSION",
    });
    await stopContainer(connection, `${instance.name}-control`);
    await expect(control.request("GET", "/v1/apps")).rejects.toMatchObject({ code: "CONTROL_UNREACHABLE" });
    await expect(connectControl(connection, instance.name, { version, via })).rejects.toMatchObject({
      code: "CONTROL_UNREACHABLE",
      message: "Control is not running (exited).",
    });
  });

  test("says what --https-port does, and where there is no control", async () => {
    await expect(connectControl(connection, instance.name)).rejects.toMatchObject({
      code: "CONTROL_UNREACHABLE",
    });
    const { warnings } = await up({ httpsPort: 443 });
    expect(warnings).toEqual([expect.stringContaining("--https-port 443")]);
  });
});

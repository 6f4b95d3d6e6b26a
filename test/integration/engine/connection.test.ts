import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EngineConnection, newestApi } from "../../../src/engine/connection.ts";
import { listContainers } from "../../../src/engine/containers.ts";
import { resolveEndpoint } from "../../../src/engine/endpoint.ts";
import { createEngine, engineVersion } from "../../../src/engine/engine.ts";

describe("a connection to an engine", () => {
  let directory: string;
  const servers: Server[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "engine-"));
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(directory, { recursive: true });
  });

  async function stub(listener: RequestListener): Promise<string> {
    const path = join(directory, `${servers.length}.sock`);
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return `unix://${path}`;
  }

  function open(host: string): Promise<EngineConnection> {
    return EngineConnection.open(resolveEndpoint({ env: {}, host }));
  }

  test.each([
    ["1.40", "ENGINE_TOO_OLD"],
    ["1.9", "ENGINE_TOO_OLD"],
    [undefined, "ENGINE_UNREACHABLE"],
  ])("is refused by version %s", async (version, code) => {
    const host = await stub((_request, response) => {
      if (version) response.setHeader("Api-Version", version);
      response.end("OK");
    });
    await expect(open(host)).rejects.toMatchObject({ code });
  });

  test.each([
    ["1.41", "1.41"],
    ["1.99", newestApi],
  ])("to an engine of API %s speaks %s", async (theirs, spoken) => {
    const paths: (string | undefined)[] = [];
    const host = await stub((request, response) => {
      paths.push(request.url);
      response.setHeader("Api-Version", theirs);
      response.end("[]");
    });
    await using connection = await open(host);
    await listContainers(connection);
    expect(paths[1]).toMatch(new RegExp(`^/v${spoken}/containers/json\\?`));
  });

  test("says when nothing listens", async () => {
    await expect(open(`unix://${directory}/none.sock`)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    await expect(open("tcp://127.0.0.1:1")).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  });

  test("asks once more when a kept connection was closed under it", async () => {
    let containers = 0;
    const host = await stub((request, response) => {
      response.setHeader("Api-Version", "1.45");
      if (!request.url?.includes("/containers/")) return response.end("OK");
      containers += 1;
      if (containers === 1) return request.socket.destroy();
      return response.end("[]");
    });
    await using connection = await open(host);
    expect(await listContainers(connection)).toEqual([]);
    expect(containers).toBe(2);
  });

  test("tells the engine's own message", async () => {
    const host = await stub((request, response) => {
      response.setHeader("Api-Version", "1.45");
      if (request.url === "/_ping") return response.end("OK");
      response.statusCode = 500;
      return response.end(JSON.stringify({ message: "mkdir: no space left on device" }));
    });
    await using connection = await open(host);
    await expect(listContainers(connection)).rejects.toMatchObject({
      code: "DISK_FULL",
      message: expect.stringContaining("no space left on device"),
    });
  });

  test("ends the events with an error when the engine goes away", async () => {
    const host = await stub((request, response) => {
      response.setHeader("Api-Version", "1.45");
      if (request.url?.startsWith("/v1.45/events")) {
        response.write('{"Action":"start","Actor":{"ID":"a","Attri');
        response.write('butes":{}},"timeNano":5}\n', () => request.socket.destroy());
        return;
      }
      response.end("OK");
    });
    await using connection = await open(host);
    const events = createEngine(connection, "any")
      .events(new AbortController().signal)
      [Symbol.asyncIterator]();
    expect(await events.next()).toEqual({ done: false, value: null });
    expect(await events.next()).toEqual({
      done: false,
      value: { action: "start", id: "a", labels: {}, timeNano: 5 },
    });
    await expect(events.next()).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  });

  test("goes through ssh's input and output, and keeps the connection", async () => {
    const ssh = join(directory, "ssh");
    const log = join(directory, "ssh.log");
    writeFileSync(log, "");
    writeFileSync(
      ssh,
      `#!/bin/sh\necho "$*" >> ${log}\nwhile [ "$1" != docker ]; do shift; done\nexec "$@"\n`,
    );
    chmodSync(ssh, 0o755);
    vi.stubEnv("PATH", `${directory}:${process.env.PATH}`);
    await using connection = await open("ssh://ann@far.example");
    const engine = createEngine(connection, "cutover-none");
    for (let round = 0; round < 3; round += 1) expect(await engine.containers({})).toEqual([]);
    expect((await engineVersion(connection)).version).toMatch(/^\d/);
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls).toEqual(["-o ConnectTimeout=30 -T -l ann -- far.example docker system dial-stdio"]);
  });

  test("tells what ssh complains of", async () => {
    const ssh = join(directory, "ssh");
    writeFileSync(ssh, "#!/bin/sh\necho 'ann@far.example: Permission denied (publickey).' >&2\nexit 255\n");
    chmodSync(ssh, 0o755);
    vi.stubEnv("PATH", `${directory}:${process.env.PATH}`);
    await expect(open("ssh://ann@far.example")).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      details: ["ann@far.example: Permission denied (publickey)."],
    });
  });
});

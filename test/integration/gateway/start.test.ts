import { once } from "node:events";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Listener, RoutingTable } from "../../../src/model/route.ts";
import { freePort, startGateway } from "../../support/gateway.ts";
import { rawClient, startTarget, tableOf } from "../../support/gateway-target.ts";

async function directory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "cutover-gateway-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function withListeners(table: RoutingTable, listeners: Listener[]): RoutingTable {
  const more = listeners.map((listener, index) => ({
    id: `shop/web/${listener.name}/${index}`,
    app: "shop",
    listener: listener.name,
    hosts: [],
    path: "/",
    priority: 0,
    backend: table.backends[0]?.id ?? "",
  }));
  return { ...table, listeners, routes: [...table.routes, ...more] };
}

describe("starting", () => {
  test("after kill -9 it holds requests until control confirms the snapshot", async () => {
    await using home = await directory();
    await using one = await startTarget((_request, response) => response.end("one"));
    const first = await startGateway({ directory: home.path });
    await first.put(tableOf(7, 1, [one.target]));
    await first.end("SIGKILL");
    await using again = await startGateway({ directory: home.path, httpPort: first.httpPort });
    expect(await again.status()).toMatchObject({ generation: 7, serving: false });
    const held = fetch(again.url);
    await again.put(tableOf(7, 1, [one.target]));
    expect((await again.status()).serving).toBe(true);
    expect(await (await held).text()).toBe("one");
  });

  test("held requests get the table that replaces the snapshot's", async () => {
    await using home = await directory();
    const first = await startGateway({ directory: home.path });
    await first.put(tableOf(7, 1, [{ id: "old", address: "127.0.0.1", port: await freePort() }]));
    await first.end("SIGKILL");
    await using moved = await startTarget((request, response) =>
      request.resume().on("end", () => response.end("moved")),
    );
    await using again = await startGateway({ directory: home.path });
    const held = fetch(again.url, { method: "POST", body: "x" });
    await again.put(tableOf(8, 1, [moved.target]));
    expect(await (await held).text()).toBe("moved");
  });

  test("without control it serves from the snapshot after three seconds", async () => {
    await using home = await directory();
    await using one = await startTarget((_request, response) => response.end("one"));
    const first = await startGateway({ directory: home.path });
    await first.put(tableOf(7, 1, [one.target]));
    expect(await first.end("SIGTERM")).toBe(0);
    await using again = await startGateway({ directory: home.path });
    const from = performance.now();
    expect(await (await fetch(again.url)).text()).toBe("one");
    expect(performance.now() - from).toBeLessThan(4_500);
    expect(await again.status()).toMatchObject({ generation: 7, serving: true });
  });

  test("a damaged snapshot is kept aside, and nothing is served until control comes", async () => {
    await using home = await directory();
    await writeFile(join(home.path, "table.json"), '{"generation": 7, "listeners": [');
    await using one = await startTarget((_request, response) => response.end("one"));
    await using gateway = await startGateway({ directory: home.path });
    expect(await readFile(join(home.path, "table.json.damaged"), "utf8")).toContain('"generation": 7');
    expect(gateway.log.some((line) => line.includes('"level":"error"') && line.includes("damaged"))).toBe(
      true,
    );
    const held = fetch(gateway.url);
    await gateway.put(tableOf(1, 1, [one.target]));
    expect(await (await held).text()).toBe("one");
  });

  test("without any table a request is held for a while and then answered 503", async () => {
    await using gateway = await startGateway();
    const response = await fetch(gateway.url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await gateway.status()).serving).toBe(false);
  });

  test("the http port in use ends it with an error that names the port", async () => {
    const port = await freePort();
    const other = createServer().listen(port);
    await once(other, "listening");
    await expect(startGateway({ httpPort: port })).rejects.toThrow(`port ${port} is in use`);
    other.close();
  });
});

describe("the admin API", () => {
  test("outlives a request that is for nothing at all", async () => {
    await using gateway = await startGateway();
    for (const path of ["//", "/v1/none"]) {
      await expect(gateway.call("GET", path)).rejects.toMatchObject({ code: "GATEWAY_REFUSED", status: 404 });
    }
    expect((await gateway.status()).workers.length).toBe(2);
  });
});

describe("workers", () => {
  test("a killed one is replaced and has the table of now", async () => {
    await using gateway = await startGateway({ workers: 2 });
    await using one = await startTarget((_request, response) => response.end("one"));
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    const before = (await gateway.status()).workers.map((worker) => worker.pid);
    for (const pid of before) process.kill(pid, "SIGKILL");
    await expect
      .poll(async () => (await gateway.status()).workers.filter((w) => !before.includes(w.pid)).length, {
        timeout: 10_000,
      })
      .toBe(2);
    expect((await gateway.status()).workers.every((worker) => worker.generation === 1)).toBe(true);
    expect(await (await fetch(gateway.url)).text()).toBe("one");
    expect(await gateway.put(tableOf(2, 2, [two.target]))).toMatchObject({ workers: 2 });
    expect(await (await fetch(gateway.url)).text()).toBe("two");
  });

  test("one that does not answer a switch is killed, and the switch goes on without it", async () => {
    await using gateway = await startGateway({ workers: 2 });
    await using one = await startTarget((_request, response) => response.end("one"));
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    const stuck = (await gateway.status()).workers[0]?.pid ?? 0;
    process.kill(stuck, "SIGSTOP");
    expect(await gateway.put(tableOf(2, 2, [two.target]))).toMatchObject({ generation: 2 });
    expect((await gateway.status()).workers.some((worker) => worker.pid === stuck)).toBe(false);
    await expect.poll(async () => (await gateway.status()).workers.length, { timeout: 10_000 }).toBe(2);
    expect((await gateway.status()).workers.every((worker) => worker.generation === 2)).toBe(true);
    expect(await (await fetch(gateway.url)).text()).toBe("two");
  });

  test("an event stream that begins after SIGTERM ends between two events, long before the kill", async () => {
    await using gateway = await startGateway();
    const arrived = Promise.withResolvers<import("node:http").ServerResponse>();
    await using target = await startTarget((_request, response) => arrived.resolve(response));
    await gateway.put(tableOf(1, 1, [target.target]));
    const answer = fetch(gateway.url);
    const response = await arrived.promise;
    const ended = gateway.end("SIGTERM");
    await expect.poll(() => gateway.log.some((line) => line.includes("gateway stops"))).toBe(true);
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: first\n\n");
    expect(await (await answer).text()).toBe("data: first\n\n");
    expect(await ended).toBe(0);
  });

  test("SIGTERM lets a request under way finish, then ends with 0", async () => {
    await using gateway = await startGateway();
    const arrived = Promise.withResolvers<() => void>();
    await using one = await startTarget((_request, response) => arrived.resolve(() => response.end("one")));
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = fetch(gateway.url);
    const finish = await arrived.promise;
    const ended = gateway.end("SIGTERM");
    await expect
      .poll(() =>
        rawClient(gateway.httpPort).then(
          (client) => client[Symbol.dispose](),
          () => "refused",
        ),
      )
      .toBe("refused");
    finish();
    expect(await (await slow).text()).toBe("one");
    expect(await ended).toBe(0);
  });
});

describe("listeners", () => {
  test("come and go with the table", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    const port = await freePort();
    const listener = { name: `port:${port}`, host: null, port };
    await gateway.call("POST", "/v1/listeners/check", { listeners: [listener] });
    await gateway.put(withListeners(tableOf(1, 1, [one.target]), [listener]));
    expect((await gateway.status()).listeners).toContainEqual({ ...listener, bound: true });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("one");
    expect(await (await fetch(`http://[::1]:${port}/`)).text()).toBe("one");
    await gateway.call("POST", "/v1/listeners/check", { listeners: [listener] });
    await gateway.put(tableOf(2, 1, [one.target]));
    await expect
      .poll(() =>
        rawClient(port).then(
          (client) => client[Symbol.dispose](),
          () => "refused",
        ),
      )
      .toBe("refused");
    await gateway.put(withListeners(tableOf(3, 1, [one.target]), [listener]));
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("one");
  });

  test("one on the gateway's own port is served there", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    const listener = { name: "port:own", host: null, port: gateway.httpPort };
    const table = withListeners(tableOf(1, 1, [one.target]), [listener]);
    await gateway.put({ ...table, routes: table.routes.slice(1) });
    expect(await (await fetch(gateway.url)).text()).toBe("one");
    expect((await gateway.status()).listeners.every((own) => own.bound)).toBe(true);
  });

  test("a full disk is named, nothing is applied, and the next table is taken", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    const port = await freePort();
    const next = withListeners(tableOf(2, 2, [two.target]), [{ name: `port:${port}`, host: null, port }]);
    await symlink("/dev/full", join(gateway.directory, "table.json.new"));
    await expect(gateway.put(next)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await gateway.status()).toMatchObject({ generation: 1, listeners: [{ name: "http" }] });
    expect(await (await fetch(gateway.url)).text()).toBe("one");
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await gateway.put(next);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("two");
    expect(JSON.parse(await readFile(join(gateway.directory, "table.json"), "utf8"))).toEqual(next);
  });

  test("a taken port is named, and nothing is applied", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    const taken = await freePort();
    const free = await freePort();
    const other = createServer().listen(taken, "127.0.0.1");
    await once(other, "listening");
    const listeners = [
      { name: `port:${free}`, host: null, port: free },
      { name: `port:127.0.0.1:${taken}`, host: "127.0.0.1", port: taken },
    ];
    const error = { code: "PORT_TAKEN", status: 409, message: `127.0.0.1:${taken} is in use` };
    await expect(gateway.call("POST", "/v1/listeners/check", { listeners })).rejects.toMatchObject(error);
    await expect(gateway.put(withListeners(tableOf(2, 2, [two.target]), listeners))).rejects.toMatchObject(
      error,
    );
    expect(await gateway.status()).toMatchObject({ generation: 1, listeners: [{ name: "http" }] });
    expect(await (await fetch(gateway.url)).text()).toBe("one");
    await expect
      .poll(() =>
        rawClient(free).then(
          (client) => client[Symbol.dispose](),
          () => "refused",
        ),
      )
      .toBe("refused");
    other.close();
    await once(other, "close");
    await gateway.put(withListeners(tableOf(2, 2, [two.target]), listeners));
    expect(await (await fetch(`http://127.0.0.1:${taken}/`)).text()).toBe("two");
  });
});

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMutex } from "../../../src/gateway/primary/mutex.ts";
import { checkListenersBody, drainOf, probeOf } from "../../../src/gateway/primary/requests.ts";
import { loadSnapshot, writeSnapshot } from "../../../src/gateway/primary/snapshot.ts";
import { type Counted, RequestStats } from "../../../src/gateway/request-stats.ts";
import { Stats, keepStatsMs } from "../../../src/gateway/stats.ts";
import { emptyTable } from "../../../src/gateway/routing/table.ts";
import { tableProblems } from "../../../src/gateway/table-check.ts";

describe("table check", () => {
  const table = {
    generation: 1,
    listeners: [{ name: "port:81", host: null, port: 81 }],
    routes: [
      { id: "r", app: "a", listener: "port:81", hosts: ["*.x"], path: "/", priority: 0, backend: "b" },
    ],
    backends: [
      { id: "b", app: "a", service: "s", release: 1, targets: [{ id: "t", address: "10.0.0.1", port: 80 }] },
    ],
  };

  test.each([
    ["a generation below zero", { generation: -1 }],
    ["the gateway's own listener", { listeners: [{ name: "http", host: null, port: 81 }] }],
    ["a port of zero", { listeners: [{ name: "port:81", host: null, port: 0 }] }],
    ["two routes of one id", { routes: [table.routes[0], table.routes[0]] }],
    ["a route to no backend", { routes: [{ ...table.routes[0], backend: "c" }] }],
    ["a route on no listener", { routes: [{ ...table.routes[0], listener: "port:82" }] }],
    ["a host in capitals", { routes: [{ ...table.routes[0], hosts: ["A"] }] }],
    ["a path without a slash", { routes: [{ ...table.routes[0], path: "x" }] }],
    ["hosts that are no list", { routes: [{ ...table.routes[0], hosts: null }] }],
    [
      "a target twice",
      {
        backends: [
          {
            ...table.backends[0],
            targets: [...(table.backends[0]?.targets ?? []), ...(table.backends[0]?.targets ?? [])],
          },
        ],
      },
    ],
  ])("refuses %s", (_what, change) => {
    expect(tableProblems(table)).toEqual([]);
    expect(tableProblems({ ...table, ...change }).length).toBeGreaterThan(0);
  });
});

describe("snapshot", () => {
  test("is read back; a damaged one is moved aside; none is none", async () => {
    const directory = await mkdtemp(join(tmpdir(), "cutover-snapshot-"));
    const path = join(directory, "table.json");
    expect(await loadSnapshot(path)).toEqual({ state: "missing" });
    await writeSnapshot(path, { ...emptyTable, generation: 3 });
    expect(await loadSnapshot(path)).toEqual({ state: "good", table: { ...emptyTable, generation: 3 } });
    expect(await readdir(directory)).toEqual(["table.json"]);
    for (const text of ["", "{", "null", '{"generation":1}']) {
      await writeFile(path, text);
      expect(await loadSnapshot(path)).toMatchObject({ state: "damaged", keptAt: `${path}.damaged` });
      expect(await readdir(directory)).toEqual(["table.json.damaged"]);
    }
    await rm(directory, { recursive: true });
  });
});

describe("statistics of the primary", () => {
  const backend = (release: number): Counted => ({ backend: { app: "a", release }, counts: null });

  test("are sums over workers, by release and second of the request's start", () => {
    const worker = new RequestStats();
    const first = backend(1);
    for (const latency of [5, 5, -1]) worker.request(first, 10_100, latency);
    worker.failure(first, 10_100);
    worker.request(first, 10_900, 5);
    worker.request(backend(2), 11_000, 7);
    const store = new Stats();
    for (const bucket of worker.take()) store.add(bucket);
    const other = {
      app: "a",
      second: 10,
      release: 1,
      requests: 1,
      failures: 0,
      firstAt: 10_050,
      lastAt: 10_050,
    };
    store.add({ ...other, latency: [[1, 1]] });
    const [one, two] = store.of("a", 0);
    expect(one).toMatchObject({ second: 10, release: 1, requests: 5, failures: 1 });
    expect(one).toMatchObject({ firstAt: 10_050, lastAt: 10_900 });
    expect(one?.latency.map(([, count]) => count)).toEqual([1, 3]);
    expect(two).toMatchObject({ second: 11, release: 2, requests: 1, failures: 0 });
    expect(store.of("a", 11_000).length).toBe(1);
    expect(store.of("b", 0)).toEqual([]);
  });

  test("are forgotten after fifteen minutes", () => {
    const worker = new RequestStats();
    worker.request(backend(1), 10_000, 5);
    const store = new Stats();
    for (const bucket of worker.take()) store.add(bucket);
    store.forget(10_000 + keepStatsMs);
    expect(store.of("a", 0).length).toBe(1);
    store.forget(10_001 + keepStatsMs);
    expect(store.of("a", 0)).toEqual([]);
  });
});

test("the mutex runs one after another, and a failure does not stop it", async () => {
  const inTurn = createMutex();
  const order: string[] = [];
  const release = Promise.withResolvers<void>();
  const first = inTurn(async () => {
    await release.promise;
    order.push("first");
    throw new Error("no");
  });
  const second = inTurn(async () => void order.push("second"));
  release.resolve();
  await expect(first).rejects.toThrow("no");
  await second;
  expect(order).toEqual(["first", "second"]);
});

describe("bodies of the admin API", () => {
  test("are taken as they should be", () => {
    const drain = { targets: ["a", "a"], requestsMs: 1, connectionsMs: 2, spreadMs: 3 };
    expect(drainOf(drain)).toEqual({ ...drain, targets: ["a"] });
    expect(checkListenersBody({ listeners: [{ name: "p", host: null, port: 80 }] })).toEqual([
      { name: "p", host: null, port: 80 },
    ]);
  });

  test.each([
    () => drainOf(null),
    () => drainOf({ targets: [1], requestsMs: 1, connectionsMs: 2, spreadMs: 3 }),
    () => drainOf({ targets: [], requestsMs: -1, connectionsMs: 2, spreadMs: 3 }),
    () => checkListenersBody({ listeners: [{ name: "p", host: null, port: 0 }] }),
    () => probeOf({ targets: [], check: null }),
    () => probeOf({ targets: [{ id: "t", address: "a", port: "80" }], check: {} }),
  ])("are refused when they are not", (read) => {
    expect(read).toThrow(expect.objectContaining({ code: "GATEWAY_REFUSED" }));
  });
});

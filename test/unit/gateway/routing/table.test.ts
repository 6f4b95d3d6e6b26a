import { expect, test } from "vitest";
import type { Backend, RoutingTable } from "../../../../src/model/route.ts";
import { findRouteFor } from "../../../../src/gateway/routing/find-text.ts";
import { findStream } from "../../../../src/gateway/routing/stream-routes.ts";
import {
  compileTable,
  emptyTable,
  isHttpAlias,
  ownListeners,
} from "../../../../src/gateway/routing/table.ts";
import { http, plainRequest, tableOf } from "./tables.ts";

test("a listener on the gateway's own address and port is no other listener: its routes are tried there", () => {
  const alias = { name: "port:80", host: null, port: 80 };
  const other = { name: "port:8080", host: null, port: 8080 };
  const table = tableOf(
    [
      { id: "own", path: "/own" },
      { id: "alias", listener: "port:80" },
      { id: "other", listener: "port:8080" },
    ],
    [alias, other],
  );
  expect(ownListeners(table, http)).toEqual([other]);
  expect(isHttpAlias({ ...alias, host: "127.0.0.1" }, http)).toBe(false);
  expect(isHttpAlias({ ...alias, protocol: "tcp" }, http)).toBe(false);
  const compiled = compileTable(table, http, () => null);
  expect([...compiled.listeners.keys()]).toEqual(["http", "port:8080"]);
  const find = (listener: string, path: string) =>
    findRouteFor(compiled, listener, { ...plainRequest, path })?.route.id ?? null;
  expect(find("http", "/own")).toBe("own");
  expect(find("http", "/")).toBe("alias");
  expect(find("port:8080", "/own")).toBe("other");
  expect(find("port:80", "/")).toBeNull();
});

test("an empty table has the gateway's own listener, and no route", () => {
  const compiled = compileTable(emptyTable, http, () => null);
  expect(findRouteFor(compiled, "http", plainRequest)).toBeNull();
  expect(compiled.streams.size).toBe(0);
  expect(compiled.addresses.size).toBe(0);
});

test("a state is made once for each backend, and comes with each of its routes", () => {
  const targets = [
    { id: "c1", address: "10.0.0.1", port: 80 },
    { id: "c2", address: "10.0.0.2", port: 81 },
  ];
  const backend = { id: "b", app: "shop", service: "web", release: 1, targets };
  const idle = { ...backend, id: "idle", targets: [] };
  const table: RoutingTable = {
    ...tableOf([{ backend: "b" }, { backend: "b", path: "/x" }]),
    backends: [backend, idle],
  };
  const asked: Backend[] = [];
  const compiled = compileTable(table, http, (one) => {
    asked.push(one);
    return { of: one.id };
  });
  expect(asked).toEqual([backend, idle]);
  const [first, second] = ["/", "/x"].map((path) =>
    findRouteFor(compiled, "http", { ...plainRequest, path }),
  );
  expect(first?.state).toBe(compiled.states.get("b"));
  expect(second?.state).toBe(first?.state);
  expect(first?.backend).toBe(backend);
  expect(compiled.states.get("idle")).toEqual({ of: "idle" });
  expect([...compiled.addresses]).toEqual(["10.0.0.1:80", "10.0.0.2:81"]);
  expect([...compiled.targets]).toEqual(["c1", "c2"]);
  expect(compiled.table).toBe(table);
});

test("a stream goes by the exact server name, then the longest wildcard, then any", () => {
  const tls = { name: "port:443", host: null, port: 443, protocol: "tls" as const };
  const tcp = { name: "port:5432", host: null, port: 5432, protocol: "tcp" as const };
  const compiled = compileTable(
    tableOf(
      [{ id: "http", listener: "port:443" }],
      [tls, tcp],
      [
        { id: "exact", listener: "port:443", serverNames: ["a.example.com"] },
        { id: "long", listener: "port:443", serverNames: ["*.example.com", "b.example.org"] },
        { id: "short", listener: "port:443", serverNames: ["*.com"] },
        { id: "z-any", listener: "port:443" },
        { id: "any", listener: "port:443" },
        { id: "db", listener: "port:5432" },
        { id: "misled", listener: "http" },
      ],
    ),
    http,
    () => null,
  );
  expect([...compiled.listeners.keys()]).toEqual(["http"]);
  const find = (listener: string, name: string | null) => {
    const routes = compiled.streams.get(listener);
    return routes === undefined ? undefined : (findStream(routes, name)?.route.id ?? null);
  };
  expect(find("port:443", "a.example.com")).toBe("exact");
  expect(find("port:443", "A.EXAMPLE.com.")).toBe("exact");
  expect(find("port:443", "x.a.example.com")).toBe("long");
  expect(find("port:443", "b.example.org")).toBe("long");
  expect(find("port:443", "example.com")).toBe("short");
  expect(find("port:443", "example.net")).toBe("any");
  expect(find("port:443", "__proto__")).toBe("any");
  expect(find("port:443", "")).toBe("any");
  expect(find("port:443", null)).toBe("any");
  expect(find("port:5432", null)).toBe("db");
  expect(find("http", null)).toBeUndefined();
});

test("a stream listener without a route has none for any name", () => {
  const tls = { name: "port:443", host: null, port: 443, protocol: "tls" as const };
  const named = tableOf([], [tls], [{ listener: "port:443", serverNames: ["a.example"] }]);
  for (const table of [tableOf([], [tls]), named]) {
    const routes = compileTable(table, http, () => null).streams.get("port:443");
    expect(routes && findStream(routes, "b.example")).toBeNull();
    expect(routes && findStream(routes, null)).toBeNull();
  }
});

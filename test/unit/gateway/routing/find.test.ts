import { expect, test } from "vitest";
import { createRequestHead } from "../../../../src/gateway/http1/head.ts";
import { clientPlace } from "../../../../src/gateway/routing/client-place.ts";
import { findRoute } from "../../../../src/gateway/routing/find.ts";
import { encodeRequest } from "../../../../src/gateway/routing/find-text.ts";
import { compileTable } from "../../../../src/gateway/routing/table.ts";
import { http, plainRequest, routeFor, tableOf } from "./tables.ts";

test("the exact host comes before wildcards, the longer before the shorter, and any host last", () => {
  const routes = [
    { id: "any", hosts: [], priority: 9 },
    { id: "short", hosts: ["*.com"], priority: 8 },
    { id: "long", hosts: ["*.example.com"], priority: 7 },
    { id: "exact", hosts: ["shop.example.com"] },
  ];
  expect(routeFor(routes, { host: "shop.example.com" })).toBe("exact");
  expect(routeFor(routes, { host: "SHOP.Example.COM.:8080" })).toBe("exact");
  expect(routeFor(routes, { host: "a.b.example.com" })).toBe("long");
  expect(routeFor(routes, { host: "example.com" })).toBe("short");
  expect(routeFor(routes, { host: "com" })).toBe("any");
  expect(routeFor(routes, { host: null })).toBe("any");
});

test("a wildcard holds names of any depth below it, and not its own", () => {
  expect(routeFor([{ hosts: ["*.example.com"] }], { host: "a.b.c.example.com" })).toBe("r0");
  expect(routeFor([{ hosts: ["*.example.com"] }], { host: "example.com" })).toBeNull();
  expect(routeFor([{ hosts: ["*.example.com"] }], { host: "badexample.com" })).toBeNull();
});

test.each(["a", "ab", "abc", "abcd", "abcde", "10.0.0.1", "[::1]", "x-1.example"])(
  "the host %s is found and no other of its length",
  (host) => {
    expect(routeFor([{ hosts: [host] }], { host })).toBe("r0");
    expect(routeFor([{ hosts: [host] }], { host: host.toUpperCase() })).toBe("r0");
    for (let at = 0; at < host.length; at += 1) {
      const other = `${host.slice(0, at)}z${host.slice(at + 1)}`;
      expect(routeFor([{ hosts: [host] }], { host: other })).toBeNull();
    }
  },
);

test("a byte that differs in the bit of upper case only is the same for letters and for nothing else", () => {
  const compiled = compileTable(tableOf([{ hosts: ["a-1.[x"] }]), http, () => null);
  const routes = compiled.listeners.get("http");
  const { bytes, head } = encodeRequest({ ...plainRequest, host: "a-1.[x" });
  if (routes === undefined) throw new Error("no listener");
  for (let at = head.authorityStart; at < head.hostEnd; at += 1) {
    const changed = Uint8Array.from(bytes);
    const byte = (changed[at] ?? 0) ^ 0x20;
    changed[at] = byte;
    const isLetter = /[A-Z]/.test(String.fromCharCode(byte));
    expect(findRoute(routes, changed, head, clientPlace("")) !== null).toBe(isLetter);
  }
});

test("a prefix holds paths on the borders of segments; a slash at its end means nothing", () => {
  for (const path of ["/api", "/api/"]) {
    expect(routeFor([{ path }], { path: "/api" })).toBe("r0");
    expect(routeFor([{ path }], { path: "/api/" })).toBe("r0");
    expect(routeFor([{ path }], { path: "/api/x?y=/z" })).toBe("r0");
    expect(routeFor([{ path }], { path: "/api?x" })).toBe("r0");
    expect(routeFor([{ path }], { path: "/apis" })).toBeNull();
    expect(routeFor([{ path }], { path: "/ap" })).toBeNull();
    expect(routeFor([{ path }], { path: "/API" })).toBeNull();
    expect(routeFor([{ path }], { path: "/x/api" })).toBeNull();
  }
});

test("a path is looked at as it was sent", () => {
  expect(routeFor([{ path: "/a b".replace(" ", "%20") }], { path: "/a%20b" })).toBe("r0");
  expect(routeFor([{ path: "/api" }], { path: "/%61pi" })).toBeNull();
  expect(routeFor([{ path: "/api" }], { path: "//api" })).toBeNull();
  expect(routeFor([{ path: "/a//b" }], { path: "/a//b/c" })).toBe("r0");
  expect(routeFor([{ path: "/a//b" }], { path: "/a/b" })).toBeNull();
});

test("an absolute target without a path, and the asterisk of OPTIONS, are for routes of any path", () => {
  const routes = [{ id: "api", path: "/api" }, { id: "root" }];
  expect(routeFor(routes, { path: "" })).toBe("root");
  expect(routeFor(routes, { method: "OPTIONS", path: "*" })).toBe("root");
});

test("of a host's routes: the higher priority, then the longer path, then with a condition, then the lower id", () => {
  const long = { id: "long", path: "/api/v1" };
  const short = { id: "short", path: "/api" };
  expect(routeFor([short, long], { path: "/api/v1/x" })).toBe("long");
  expect(routeFor([{ ...short, priority: 1 }, long], { path: "/api/v1/x" })).toBe("short");
  const asked = { id: "z", when: { method: "GET" } };
  expect(routeFor([{ id: "a" }, asked], {})).toBe("z");
  expect(routeFor([{ id: "a" }, asked], { method: "POST" })).toBe("a");
  expect(routeFor([{ id: "a", priority: 1 }, asked], {})).toBe("a");
  expect(routeFor([{ id: "b" }, { id: "a" }], {})).toBe("a");
  expect(routeFor([asked, { ...asked, id: "y" }], {})).toBe("y");
});

test("a condition on a shorter prefix with a higher priority is asked, and the longer one takes what it does not", () => {
  const routes = [
    { id: "beta", path: "/", priority: 1, when: { header: "X-Beta", value: "1" } },
    { id: "api", path: "/api" },
    { id: "root", path: "/" },
  ];
  expect(routeFor(routes, { path: "/api/x", headers: [["x-beta", "1"]] })).toBe("beta");
  expect(routeFor(routes, { path: "/api/x" })).toBe("api");
  expect(routeFor(routes, { path: "/x" })).toBe("root");
});

test("where no route of a host is for a request, those of the next are tried", () => {
  const routes = [
    { id: "exact", hosts: ["a.example.com"], path: "/only" },
    { id: "asked", hosts: ["a.example.com"], when: { method: "POST" } },
    { id: "wild", hosts: ["*.example.com"], path: "/wild" },
    { id: "any", hosts: [] },
  ];
  expect(routeFor(routes, { host: "a.example.com", path: "/only/x" })).toBe("exact");
  expect(routeFor(routes, { host: "a.example.com", path: "/x", method: "POST" })).toBe("asked");
  expect(routeFor(routes, { host: "a.example.com", path: "/wild" })).toBe("wild");
  expect(routeFor(routes, { host: "a.example.com", path: "/x" })).toBe("any");
});

test("one host's paths are not another's", () => {
  const routes = [
    { id: "a", hosts: ["a"], path: "/a" },
    { id: "b", hosts: ["b"], path: "/b" },
  ];
  expect(routeFor(routes, { host: "a", path: "/a" })).toBe("a");
  expect(routeFor(routes, { host: "a", path: "/b" })).toBeNull();
  expect(routeFor(routes, { host: "b", path: "/a" })).toBeNull();
});

test("10,000 hosts and 10,000 paths are all found, and no others", () => {
  const count = 10_000;
  const hosts = Array.from({ length: count }, (_, index) => ({
    id: `h${index}`,
    hosts: [`c${index}.example`],
  }));
  const paths = Array.from({ length: count }, (_, index) => ({
    id: `p${index}`,
    hosts: ["one"],
    path: `/a/${index}`,
  }));
  const compiled = compileTable(tableOf([...hosts, ...paths]), http, () => null);
  const routes = compiled.listeners.get("http");
  if (routes === undefined) throw new Error("no listener");
  const find = (host: string, path: string) => {
    const { bytes, head } = encodeRequest({ ...plainRequest, host, path });
    return findRoute(routes, bytes, head, clientPlace(""))?.route.id ?? null;
  };
  for (let index = 0; index < count; index += 1) {
    expect(find(`C${index}.example`, "/x")).toBe(`h${index}`);
    expect(find("one", `/a/${index}/y`)).toBe(`p${index}`);
  }
  expect(find(`c${count}.example`, "/")).toBeNull();
  expect(find("one", `/a/${count}`)).toBeNull();
});

test("a name or path that is longer than any known one costs no hashing", () => {
  const compiled = compileTable(tableOf([{ hosts: ["a", "*.b"], path: "/x" }]), http, () => null);
  const routes = compiled.listeners.get("http");
  if (routes === undefined) throw new Error("no listener");
  const { bytes, head } = encodeRequest({
    ...plainRequest,
    host: "a.".repeat(2_000).slice(0, -1),
    path: "/x".repeat(4_000),
  });
  expect(findRoute(routes, bytes, head, clientPlace(""))).toBeNull();
});

test("a head without anything in it finds what is for all requests", () => {
  const compiled = compileTable(tableOf([{}]), http, () => null);
  const routes = compiled.listeners.get("http");
  if (routes === undefined) throw new Error("no listener");
  expect(findRoute(routes, new Uint8Array(0), createRequestHead(), clientPlace(""))?.route.id).toBe("r0");
});

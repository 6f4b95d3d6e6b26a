import { parseArgs } from "node:util";
import type { Route, RoutingTable } from "../../src/model/route.ts";
import type { RequestHead } from "../../src/gateway/http1/head.ts";
import { clientPlace } from "../../src/gateway/routing/client-place.ts";
import { findRoute } from "../../src/gateway/routing/find.ts";
import { type RequestText, encodeRequest } from "../../src/gateway/routing/find-text.ts";
import type { ListenerRoutes } from "../../src/gateway/routing/listener-routes.ts";
import { compileTable } from "../../src/gateway/routing/table.ts";

/**
 * Time of one look-up and of compiling, for growing tables: `node bench/dataplane/route-cost.ts [--rounds N]`. Each
 * request is copied to the same place first, as a socket's bytes are when they are parsed, and this is taken off. A
 * figure is the best of the rounds, as all that disturbs makes a round slower.
 */

interface Scene {
  name: string;
  routes: Partial<Route>[];
  requests: Partial<RequestText>[];
}

const host = "www.example.com";
const browser: RequestText["headers"] = [
  ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["Accept-Language", "en-US,en;q=0.5"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Cookie", "session=0123456789abcdef0123456789abcdef"],
];

function hosts(count: number): Scene {
  const all = Array.from({ length: count }, (_, index) => `customer-${number(index)}.example.com`);
  return {
    name: `${count} hosts, the path of each "/"`,
    routes: all.map((one) => ({ hosts: [one] })),
    requests: all.map((one) => ({ host: one, path: "/shop/items/12345" })),
  };
}

function paths(count: number): Scene {
  const all = Array.from({ length: count }, (_, index) => `/api/v${index % 10}/thing-${number(index)}`);
  return {
    name: `one host, ${count} paths`,
    routes: all.map((path) => ({ hosts: [host], path })),
    requests: all.map((path) => ({ path: `${path}/12345?page=2` })),
  };
}

function wildcards(count: number): Scene {
  const all = Array.from({ length: count }, (_, index) => `zone-${number(index)}.example.com`);
  return {
    name: `${count} wildcards`,
    routes: all.map((one) => ({ hosts: [`*.${one}`] })),
    requests: all.map((one) => ({ host: `www.${one}` })),
  };
}

/** Always as long, so that all requests of a scene have the same offsets. */
function number(index: number): string {
  return `${index}`.padStart(5, "0");
}

const scenes: Scene[] = [
  ...[1, 100, 10_000].map(hosts),
  ...[1, 100, 10_000].map(paths),
  ...[1, 100, 10_000].map(wildcards),
  {
    name: "any host, any path",
    routes: [{ hosts: [] }],
    requests: [{}],
  },
  {
    name: "no route",
    routes: [{ hosts: ["other.example.com"] }],
    requests: [{}],
  },
  {
    name: "condition: method",
    routes: [{ hosts: [host], when: { method: "GET" } }],
    requests: [{}],
  },
  {
    name: "condition: field and client",
    routes: [{ hosts: [host], when: { all: [{ header: "Accept", value: null }, { client: "10.0.0.0/8" }] } }],
    requests: [{}],
  },
  {
    name: "condition: query",
    routes: [{ hosts: [host], when: { query: "page", value: "2" } }],
    requests: [{ path: "/search?q=something+long&page=2" }],
  },
  {
    name: "condition: expression on the path",
    routes: [{ hosts: [host], when: { pathRegexp: "^/items/[0-9]+/(edit|show)$" } }],
    requests: [{ path: "/items/12345/edit" }],
  },
];

function tableOf(routes: Partial<Route>[]): RoutingTable {
  return {
    generation: 1,
    listeners: [],
    routes: routes.map((route, index) => ({
      id: `shop/web/http/${index}`,
      app: "shop",
      listener: "http",
      hosts: [],
      path: "/",
      priority: 0,
      backend: "shop/web@1",
      ...route,
    })),
    backends: [{ id: "shop/web@1", app: "shop", service: "web", release: 1, targets: [] }],
  };
}

/** The requests of a scene one behind the other, behind room for the one at hand. */
interface Requests {
  bytes: Uint8Array;
  words: DataView;
  head: RequestHead;
  length: number;
  count: number;
}

function requestsOf(scene: Scene): Requests {
  const all = scene.requests.map((request) =>
    encodeRequest({ method: "GET", host, path: "/", headers: browser, client: "10.0.0.1", ...request }),
  );
  const [first] = all;
  if (first === undefined) throw new Error("a scene has requests");
  const { length } = first.bytes;
  if (all.some(({ bytes }) => bytes.length !== length)) throw new Error("requests differ in length");
  const bytes = new Uint8Array(length * (all.length + 1));
  for (const [index, request] of all.entries()) bytes.set(request.bytes, length * (index + 1));
  return { bytes, words: new DataView(bytes.buffer), head: first.head, length, count: all.length };
}

const lookUps = 200_000;
const client = clientPlace("10.0.0.1");

/** Nanoseconds of a look-up in one round, in an order of requests that a processor does not foresee. */
function round(routes: ListenerRoutes<null> | null, requests: Requests): number {
  const { bytes, words, head, length, count } = requests;
  let found = 0;
  let at = 0;
  const start = process.hrtime.bigint();
  for (let index = 0; index < lookUps; index += 1) {
    at = (at + 7_919) % count;
    bytes.copyWithin(0, length * (at + 1), length * (at + 2));
    if (routes !== null && findRoute(routes, bytes, head, client, words) !== null) found += 1;
  }
  const taken = Number(process.hrtime.bigint() - start);
  if (found !== 0 && found !== lookUps) throw new Error("some requests have no route");
  return taken / lookUps;
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "10" } } });
const prepared = scenes.map((scene) => {
  const table = tableOf(scene.routes);
  const start = performance.now();
  const compiled = compileTable(table, { host: null, port: 80 }, () => null);
  const compileMs = performance.now() - start;
  const routes = compiled.listeners.get("http") ?? null;
  const best = { all: Number.POSITIVE_INFINITY, copy: Number.POSITIVE_INFINITY };
  return { name: scene.name, routes, requests: requestsOf(scene), compileMs, best };
});
for (let count = 0; count < Number(values.rounds); count += 1) {
  for (const { routes, requests, best } of prepared) {
    best.copy = Math.min(best.copy, round(null, requests));
    best.all = Math.min(best.all, round(routes, requests));
  }
}
for (const { name, best, compileMs } of prepared) {
  const time = (best.all - best.copy).toFixed(0).padStart(5);
  process.stdout.write(`${name.padEnd(40)} ${time} ns   compiled in ${compileMs.toFixed(1)} ms\n`);
}

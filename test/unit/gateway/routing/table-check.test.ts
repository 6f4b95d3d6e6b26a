import { expect, test } from "vitest";
import type { BackendPolicy, Condition } from "../../../../src/model/route.ts";
import { maxConditions, maxDepth, maxExpressions } from "../../../../src/gateway/routing/condition-check.ts";
import { checkTable, tableProblems } from "../../../../src/gateway/table-check.ts";
import { tableOf } from "./tables.ts";

const tls = { name: "port:443", host: null, port: 443, protocol: "tls" as const };
const tcp = { name: "port:5432", host: null, port: 5432, protocol: "tcp" as const };

function withWhen(when: unknown): string[] {
  return tableProblems(tableOf([{ when: when as Condition }]));
}

function withPolicy(policy: unknown): string[] {
  const table = tableOf([{}]);
  return tableProblems({
    ...table,
    backends: table.backends.map((backend) => ({ ...backend, policy: policy as BackendPolicy })),
  });
}

const policy: BackendPolicy = {
  connectMs: 500,
  responseMs: 0,
  keepAliveMs: 4_000,
  maxInFlight: 100,
  maxQueued: 0,
  queueMs: 10_000,
  sticky: { cookie: "cutover", maxAgeSeconds: 0, secure: true, path: "/shop" },
  ejection: { failures: 5, baseMs: 1_000, maxMs: 60_000 },
  probe: {
    check: {
      path: "/health?deep=1",
      host: "shop.example:80",
      successes: 3,
      intervalMs: 50,
      timeoutMs: 2_000,
      status: { from: 200, to: 399 },
    },
    everyMs: 5_000,
    failures: 3,
  },
  slowStartMs: 0,
  retry: { attempts: 2, budget: 0.2 },
  host: { name: "Internal.example:8080" },
  proxyProtocol: 2,
  bufferRequests: { memoryBytes: 65_536, diskBytes: 0 },
  maxBodyBytes: 0,
};

test("a policy with all of its parts is valid", () => {
  expect(withPolicy(policy)).toEqual([]);
  expect(withPolicy({})).toEqual([]);
  expect(withPolicy({ ejection: null, host: "target", proxyProtocol: 0 })).toEqual([]);
});

test.each<[part: string, value: unknown, problem: string]>([
  ["connectMs", 0, "connectMs is no whole number from 1"],
  ["connectMs", 1.5, "connectMs is no whole"],
  ["connectMs", "2s", "connectMs is no whole"],
  ["responseMs", -1, "responseMs is no whole"],
  ["keepAliveMs", Number.NaN, "keepAliveMs is no whole"],
  ["maxInFlight", 0, "maxInFlight is no whole number from 1"],
  ["maxQueued", null, "maxQueued is no whole"],
  ["queueMs", 1e12, "queueMs is no whole"],
  ["slowStartMs", [], "slowStartMs is no whole"],
  ["proxyProtocol", 3, "proxyProtocol is no whole number from 0 to 2"],
  ["maxBodyBytes", -1, "maxBodyBytes is no whole"],
  ["sticky", true, "sticky is no object"],
  ["sticky", {}, "sticky.cookie undefined is no name of a cookie"],
  ["sticky", { cookie: "a;b" }, 'sticky.cookie "a;b" is no name of a cookie'],
  ["sticky", { cookie: "a", path: "/;x" }, "sticky.path"],
  ["sticky", { cookie: "a", path: "/\u00e9" }, "sticky.path"],
  ["sticky", { cookie: "a", secure: 1 }, "sticky.secure is neither"],
  ["sticky", { cookie: "a", maxAgeSeconds: -1 }, "sticky.maxAgeSeconds is no whole"],
  ["ejection", false, "ejection is no object"],
  ["ejection", { failures: 0, baseMs: 1, maxMs: 1 }, "ejection.failures is no whole"],
  ["ejection", { failures: 1, baseMs: 2, maxMs: 1 }, "ejection.maxMs is less than baseMs"],
  ["ejection", { failures: 1, maxMs: 1 }, "ejection.baseMs is no whole"],
  ["probe", { everyMs: 1_000, failures: 1 }, "probe.check is not there"],
  ["probe", { ...policy.probe, everyMs: 1 }, "probe.everyMs is no whole"],
  ["probe", { ...policy.probe, check: { ...policy.probe?.check, path: "health" } }, "check.path"],
  ["probe", { ...policy.probe, check: { ...policy.probe?.check, path: "/a b" } }, "check.path"],
  ["probe", { ...policy.probe, check: { ...policy.probe?.check, host: "a\r\nb" } }, "check.host"],
  ["probe", { ...policy.probe, check: { ...policy.probe?.check, successes: 0 } }, "check.successes"],
  [
    "probe",
    { ...policy.probe, check: { ...policy.probe?.check, status: { from: 300, to: 200 } } },
    "check.status.to is less than from",
  ],
  ["probe", { ...policy.probe, check: { ...policy.probe?.check, status: { to: 200 } } }, "check.status.from"],
  ["retry", { attempts: -1, budget: 0.2 }, "retry.attempts is no whole"],
  ["retry", { attempts: 1, budget: 1.1 }, "retry.budget is no share"],
  ["retry", { attempts: 1, budget: Number.NaN }, "retry.budget is no share"],
  ["host", "keep", "host is neither pass, target nor a name"],
  ["host", { name: "a b" }, 'host.name "a b" is no host name'],
  ["host", { name: "*.example.com" }, "host.name"],
  ["bufferRequests", { memoryBytes: -1, diskBytes: 0 }, "bufferRequests.memoryBytes is no whole"],
  ["bufferRequests", { memoryBytes: 1 }, "bufferRequests.diskBytes is no whole"],
])("a policy with %s %j is refused", (part, value, problem) => {
  const problems = withPolicy({ ...policy, [part]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`backends[0].policy.`);
  expect(problems[0]).toContain(problem);
});

test("a policy that is no object is refused", () => {
  expect(withPolicy(null)).toEqual(["backends[0].policy is no object"]);
  expect(withPolicy([])).toEqual(["backends[0].policy is no object"]);
});

test.each<[when: unknown, problem: string]>([
  [null, "routes[0].when is no condition"],
  ["GET", "routes[0].when is no condition"],
  [[], "routes[0].when is no condition"],
  [{}, "is no condition: it is empty"],
  [{ methods: "GET" }, 'is no condition: it has "methods"'],
  [{ method: "GET", path: "/" }, "is no condition"],
  [{ header: "X-A" }, "is no condition"],
  [{ header: "X-A", value: "1", regexp: "1" }, "is no condition"],
  [{ all: [] }, "when.all is no list of conditions"],
  [{ any: { method: "GET" } }, "when.any is no list of conditions"],
  [{ not: [] }, "when.not is no condition"],
  [{ all: [{ method: "GET" }, { not: { method: "" } }] }, 'when.all[1].not.method "" is no method'],
  [{ method: "GE T" }, "is no method"],
  [{ host: "A.example" }, "is no host name"],
  [{ host: null }, "when.host null is no host name"],
  [{ path: "a" }, "does not start with a slash"],
  [{ pathPrefix: "/a?b" }, "holds a query"],
  [{ hostRegexp: "(" }, "when.hostRegexp does not compile"],
  [{ pathRegexp: "" }, "when.pathRegexp is no expression"],
  [{ pathRegexp: "(a{1,60}){1,60}" }, "when.pathRegexp"],
  [{ header: "X A", value: null }, "is no name of a field"],
  [{ header: "X-A", value: " a" }, "is nothing that a field can have"],
  [{ header: "X-A", value: "a\r\nb" }, "is nothing that a field can have"],
  [{ header: "X-A", value: "\u0100" }, "is nothing that a field can have"],
  [{ header: "X-A", regexp: "[" }, "when.regexp does not compile"],
  [{ query: 1, value: null }, "is no name of a parameter"],
  [{ query: "a", value: 1 }, "is no value of a parameter"],
  [{ query: "a", regexp: "*" }, "when.regexp does not compile"],
  [{ client: "10.0.0.0/33" }, "is no address or CIDR block"],
  [{ client: "localhost" }, "is no address or CIDR block"],
])("the condition %j is refused", (when, problem) => {
  const problems = withWhen(when);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
});

test("conditions are bounded in depth, in number and in expressions", () => {
  const nested = (depth: number): Condition => (depth === 1 ? { method: "GET" } : { not: nested(depth - 1) });
  expect(withWhen(nested(maxDepth))).toEqual([]);
  expect(withWhen(nested(maxDepth + 1))).toEqual([
    `routes[0].when has conditions more than ${maxDepth} deep`,
  ]);
  const many = (count: number): Condition => ({
    any: Array.from({ length: count }, () => ({ method: "GET" })),
  });
  expect(withWhen(many(maxConditions - 1))).toEqual([]);
  expect(withWhen(many(maxConditions))).toEqual([`routes[0].when has more than ${maxConditions} conditions`]);
  const expressions = (count: number) =>
    tableProblems(
      tableOf(Array.from({ length: count }, (_, index) => ({ when: { pathRegexp: `^/${index % 300}` } }))),
    );
  expect(expressions(maxExpressions)).toEqual([]);
  expect(expressions(maxExpressions + 1)[0]).toContain("is one expression more than");
});

test("depth without end is refused in words", () => {
  let when: unknown = { method: "GET" };
  for (let depth = 0; depth < 100_000; depth += 1) when = { not: when };
  expect(withWhen(when)).toEqual([`routes[0].when has conditions more than ${maxDepth} deep`]);
  const table = tableOf([{}]);
  expect(tableProblems({ ...table, routes: [{ ...table.routes[0], hosts: [when] }] })).toEqual([
    "routes[0].hosts: an object is no host name",
  ]);
});

test("routes are for listeners that speak HTTP, streams for the others", () => {
  const good = tableOf(
    [{}],
    [tls, tcp],
    [{ listener: "port:443", serverNames: ["a.example", "*.b.example"] }, { listener: "port:5432" }],
  );
  expect(tableProblems(good)).toEqual([]);
  const bad = tableOf(
    [{ listener: "port:443" }],
    [tls, tcp],
    [
      { listener: "http" },
      { listener: "port:5432", serverNames: ["a.example"] },
      { listener: "port:1" },
      { listener: "port:443", serverNames: ["A"], backend: "none", id: "r0", app: "" },
    ],
  );
  expect(tableProblems(bad)).toEqual([
    'route "r0" stands twice',
    "routes[0].listener does not speak HTTP",
    "streams[0].listener speaks HTTP",
    "streams[1].serverNames are for the protocol tls only",
    'streams[2].listener "port:1" is not in listeners',
    "streams[3].app is empty",
    'streams[3].backend "none" is not in backends',
    'streams[3].serverNames: "A" is no host name',
  ]);
  expect(tableProblems({ ...good, streams: null })).toEqual(["streams is no list of objects"]);
});

test("listeners and targets are checked in their new parts", () => {
  const listeners = [
    { ...tcp, kernel: true },
    { ...tls, kernel: true },
    { name: "port:1", host: null, port: 1, protocol: "udp" },
    { name: "port:2", host: null, port: 2, kernel: "yes" },
  ];
  const table = tableOf([{}]);
  const weights = [0, 1_000, 1_001, -1, 0.5, null];
  const targets = weights.map((weight, index) => ({
    id: `c${index}`,
    address: "10.0.0.1",
    port: 80,
    weight,
  }));
  const backends = table.backends.map((backend) => ({ ...backend, targets }));
  expect(tableProblems({ ...table, listeners, backends })).toEqual([
    "listeners[1].kernel is for the protocol tcp only",
    'listeners[2].protocol "udp" is none of http, tcp, tls',
    "listeners[3].kernel is neither true nor false",
    ...[2, 3, 4, 5].map((index) => `backends[0].targets[${index}].weight is no whole number from 0 to 1000`),
  ]);
});

test("a host is at most 255 characters long, a path at most 2,048", () => {
  const long = (length: number) =>
    `${"a".repeat(63)}.`
      .repeat(5)
      .slice(0, length - 1)
      .concat("b");
  expect(tableProblems(tableOf([{ hosts: [long(255)], path: `/${"a".repeat(2_047)}` }]))).toEqual([]);
  expect(tableProblems(tableOf([{ hosts: [long(256)] }]))[0]).toContain("is no host name");
  expect(tableProblems(tableOf([{ path: `/${"a".repeat(2_048)}` }]))[0]).toContain("routes[0].path");
});

test("a table that is refused says why", () => {
  expect(() => checkTable(tableOf([{ when: { method: "" } }]))).toThrowError(
    expect.objectContaining({
      code: "GATEWAY_REFUSED",
      details: ['routes[0].when.method "" is no method'],
    }),
  );
});

import { describe, expect, test } from "vitest";
import type { AppService } from "../../../src/compose/app-definition.ts";
import { isExpression } from "../../../src/compose/expression.ts";
import { policyDefaults } from "../../../src/compose/policy.ts";
import { policyKeys } from "../../../src/compose/policy-schema.ts";
import { defaultRetryShare } from "../../../src/gateway/balance/retry-budget.ts";
import { expressionProblem } from "../../../src/gateway/routing/expression.ts";
import { defaultEjection } from "../../../src/gateway/target-state.ts";
import { defaultCheck } from "../../../src/model/check.ts";
import type { BackendPolicy, Condition } from "../../../src/model/route.ts";
import { appOf, errorOf } from "./project.ts";

const service = "services:\n  web:\n    build: .\n    ports: [{ target: 80, published: '8080' }]\n";

/** A file whose service says this, in the flow style of YAML; it begins in line 6, column 19. */
function file(extension: string): string {
  return `${service}    labels: {}\n    x-cutover:    ${extension}\n`;
}

function webOf(extension: string): AppService {
  const [web] = appOf(file(extension)).services;
  if (!web) throw new Error("There is no service.");
  return web;
}

test("a service that says nothing has no policy, no condition and no stream", () => {
  const web = webOf("{}");
  expect(web).not.toHaveProperty("policy");
  expect(web).not.toHaveProperty("streams");
  expect(web.routes).toEqual([{ listener: "port:8080", hosts: [], path: "/", priority: 0 }]);
});

describe("every key becomes a policy", () => {
  test.each<[string, BackendPolicy]>([
    ["{ timeouts: { connect: 500ms } }", { connectMs: 500 }],
    ["{ timeouts: { response: 1m30s, keep-alive: 0s } }", { responseMs: 90_000, keepAliveMs: 0 }],
    ["{ max-in-flight: 20 }", { maxInFlight: 20 }],
    ["{ max-in-flight: '20' }", { maxInFlight: 20 }],
    ["{ queue: { size: 0, wait: 2s } }", { maxQueued: 0, queueMs: 2_000 }],
    ["{ sticky: true }", { sticky: { cookie: "cutover" } }],
    ["{ sticky: 'true' }", { sticky: { cookie: "cutover" } }],
    [
      "{ sticky: { cookie: id, max-age: 1h, secure: true, path: /shop } }",
      { sticky: { cookie: "id", maxAgeSeconds: 3_600, secure: true, path: "/shop" } },
    ],
    ["{ eject: false }", { ejection: null }],
    ["{ eject: { failures: 2 } }", { ejection: { failures: 2, baseMs: 1_000, maxMs: 30_000 } }],
    ["{ eject: { pause: 1m } }", { ejection: { failures: 5, baseMs: 60_000, maxMs: 60_000 } }],
    ["{ eject: { max-pause: 5s } }", { ejection: { failures: 5, baseMs: 1_000, maxMs: 5_000 } }],
    ["{ probe: true }", { probe: { check: defaultCheck, everyMs: 5_000, failures: 3 } }],
    [
      "{ probe: { every: 1s, failures: 1 }, check: { path: /up } }",
      { probe: { check: { ...defaultCheck, path: "/up" }, everyMs: 1_000, failures: 1 } },
    ],
    ["{ slow-start: 30s }", { slowStartMs: 30_000 }],
    ["{ retry: false }", { retry: { attempts: 0, budget: 0 } }],
    ["{ retry: { attempts: 1 } }", { retry: { attempts: 1, budget: 0.2 } }],
    ["{ retry: { budget: 12.5% } }", { retry: { attempts: 2, budget: 0.125 } }],
    ["{ host-header: pass }", { host: "pass" }],
    ["{ host-header: target }", { host: "target" }],
    ["{ host-header: 'app.internal:8080' }", { host: { name: "app.internal:8080" } }],
    ["{ proxy-protocol: v1 }", { proxyProtocol: 1 }],
    ["{ proxy-protocol: v2 }", { proxyProtocol: 2 }],
    ["{ buffer-requests: true }", { bufferRequests: { memoryBytes: 65_536, diskBytes: 104_857_600 } }],
    [
      "{ buffer-requests: { memory: 1m, disk: 0 } }",
      { bufferRequests: { memoryBytes: 1_048_576, diskBytes: 0 } },
    ],
    ["{ max-body: 10mb }", { maxBodyBytes: 10_485_760 }],
    ["{ max-body: 100 }", { maxBodyBytes: 100 }],
  ])("%s", (extension, policy) => expect(webOf(extension).policy).toEqual(policy));

  test.each([
    "{ sticky: false }",
    "{ probe: false }",
    "{ buffer-requests: 'false' }",
    "{ eject: true }",
    "{ retry: true }",
  ])("%s is the default", (extension) => expect(webOf(extension).policy).toBeUndefined());

  test("and defaults of mappings are the gateway's own", () => {
    expect(policyDefaults.ejection).toEqual(defaultEjection);
    expect(policyDefaults.retry.budget).toBe(defaultRetryShare);
  });
});

describe("what a request must be", () => {
  test.each<[string, Condition]>([
    ["{ methods: GET }", { method: "GET" }],
    ["{ methods: [GET, HEAD] }", { any: [{ method: "GET" }, { method: "HEAD" }] }],
    ["{ headers: { X-Beta: '1' } }", { header: "x-beta", value: "1" }],
    ["{ headers: { x-beta: 1 } }", { header: "x-beta", value: "1" }],
    ["{ headers: { x-beta: } }", { header: "x-beta", value: null }],
    ["{ headers: { x-beta: { regexp: '^a+$$' } } }", { header: "x-beta", regexp: "^a+$" }],
    ["{ query: { preview: } }", { query: "preview", value: null }],
    ["{ query: { Preview: yes } }", { query: "Preview", value: "yes" }],
    ["{ clients: 10.0.0.0/8 }", { client: "10.0.0.0/8" }],
    ["{ clients: ['::1', 10.0.0.1] }", { any: [{ client: "::1" }, { client: "10.0.0.1" }] }],
    ["{ host-regexp: '^[a-z]+\\.example' }", { hostRegexp: "^[a-z]+\\.example" }],
    ["{ path-regexp: '\\.php$$' }", { pathRegexp: "\\.php$" }],
    [
      "{ methods: [GET, HEAD], headers: { a: b } }",
      { all: [{ any: [{ method: "GET" }, { method: "HEAD" }] }, { header: "a", value: "b" }] },
    ],
  ])("%s", (match, condition) => {
    const { routes } = webOf(`{ host: a.example, priority: 5, match: ${match} }`);
    expect(routes).toEqual([
      { listener: "port:8080", hosts: [], path: "/", priority: 5, when: condition },
      { listener: "http", hosts: ["a.example"], path: "/", priority: 5, when: condition },
    ]);
  });

  test("an empty mapping asks nothing", () =>
    expect(webOf("{ match: {} }").routes[0]).not.toHaveProperty("when"));

  test("services under one host and path may differ in it, or in priority", () => {
    const two = (a: string, b: string) =>
      `services:\n  a: { build: ., expose: [1], x-cutover: { host: x.y, ${a} } }\n  b: { build: ., expose: [1], x-cutover: { host: x.y, ${b} } }\n`;
    const refused = [expect.objectContaining({ code: "ROUTE_TAKEN" })];
    expect(appOf(two("path: /", "path: /")).refusals).toEqual(refused);
    expect(appOf(two("path: /", "match: { headers: { beta: } }")).refusals).toEqual([]);
    expect(appOf(two("priority: 1", "priority: 2")).refusals).toEqual([]);
    expect(appOf(two("match: { methods: GET }", "match: { methods: GET }")).refusals).toEqual(refused);
  });

  test.each([
    ["^/a/[0-9]+$", true],
    ["(?i)x", true],
    ["(?=x)", false],
    ["(a)\\1", false],
    ["(", false],
    ["a".repeat(1_025), false],
    ["((a{30}){30}){2}", false],
  ])("the expression %s is taken: %s, as by the gateway", (text, taken) => {
    expect(isExpression(text)).toBe(taken);
    expect(expressionProblem(text) === null).toBe(taken);
  });
});

describe("connections that are passed on as they are", () => {
  test("tcp: published ports become streams, and there is no route", () => {
    const app = appOf(file("{ protocol: tcp }"));
    expect(app.listeners).toEqual([{ name: "port:8080", host: null, port: 8080, protocol: "tcp" }]);
    expect(app.services).toEqual([
      expect.objectContaining({
        role: "web",
        port: 80,
        routes: [],
        streams: [{ listener: "port:8080", serverNames: [] }],
        check: defaultCheck,
      }),
    ]);
  });

  test("kernel: the listener says so", () => {
    expect(appOf(file("{ protocol: tcp, kernel: true }")).listeners).toEqual([
      { name: "port:8080", host: null, port: 8080, protocol: "tcp", kernel: true },
    ]);
    expect(appOf(file("{ protocol: tcp, kernel: false }")).listeners[0]).not.toHaveProperty("kernel");
  });

  test("tls: hosts are server names", () => {
    const app = appOf(file("{ protocol: tls, host: [Shop.example, '*.shop.example'], max-in-flight: 9 }"));
    expect(app.listeners).toEqual([{ name: "port:8080", host: null, port: 8080, protocol: "tls" }]);
    expect(app.services[0]).toMatchObject({
      routes: [],
      streams: [{ listener: "port:8080", serverNames: ["shop.example", "*.shop.example"] }],
      policy: { maxInFlight: 9 },
    });
    expect(webOf("{ protocol: tls }").streams).toEqual([{ listener: "port:8080", serverNames: [] }]);
  });

  test("saying a protocol makes a web service of what would be a worker", () => {
    const text =
      "services:\n  a: { build: ., ports: [{ target: 1, published: '9' }], x-cutover: { protocol: tcp, port: 1 } }\n";
    expect(appOf(text).services[0]).toMatchObject({ role: "web", port: 1 });
  });

  test("two services can't have one port in two protocols, nor one server name", () => {
    const two = (a: string, b: string) =>
      `services:\n  a: { build: ., ports: [{ target: 1, published: '9' }], x-cutover: ${a} }\n  b: { build: ., ports: [{ target: 1, published: '9' }], x-cutover: ${b} }\n`;
    const codes = (a: string, b: string) => appOf(two(a, b)).refusals.map((refusal) => refusal.message);
    expect(codes("{ protocol: tcp }", "{}")).toEqual([
      'Service "b" publishes port 9 for http, and another service for tcp.',
    ]);
    expect(codes("{ protocol: tcp }", "{ protocol: tcp }")).toHaveLength(1);
    expect(codes("{ protocol: tls, host: a.b }", "{ protocol: tls, host: a.b }")).toEqual([
      expect.stringContaining("a.b, port:9"),
    ]);
    expect(codes("{ protocol: tls, host: a.b }", "{ protocol: tls, host: c.d }")).toEqual([]);
    expect(codes("{ protocol: tls, host: a.b }", "{ protocol: tls }")).toEqual([]);
  });

  test.each([
    ["    expose: [80]\n", "publishes no TCP port"],
    ["    ports: [{ target: 80 }]\n", "publishes its port without a number"],
  ])("%j is not enough", (ports, message) => {
    const error = errorOf(`services:\n  web:\n    build: .\n${ports}    x-cutover: { protocol: tcp }\n`);
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.message).toContain(message);
    expect(error.where).toEqual({ file: "compose.yaml", line: 5, column: 28 });
  });

  test("labels that name a host or a path are refused where they say nothing", () => {
    const text = `${service}    labels: { cutover.path: /x }\n    x-cutover: { protocol: tls }\n`;
    const error = errorOf(text);
    expect(error).toMatchObject({ code: "LABEL_INVALID", where: { line: 5, column: 15 } });
    expect(error.message).toContain('cutover.path of service "web" has no effect with `protocol: tls`');
  });
});

describe("what is wrong is told with its place", () => {
  test.each([
    ["{ protcol: tcp }", 'Unknown key "protcol" under web.x-cutover. Did you mean "protocol"?', 21],
    ["{ protocol: udp }", 'web.x-cutover.protocol must be "http", "tcp" or "tls"', 31],
    ["{ kernel: maybe }", "web.x-cutover.kernel must be true or false", 29],
    ["{ match: GET }", "web.x-cutover.match must be a mapping", 28],
    ["{ match: { method: GET } }", 'under web.x-cutover.match. Did you mean "methods"?', 30],
    ["{ match: { methods: get } }", 'must be a method such as "GET"', 39],
    [
      "{ match: { methods: [GET, get] } }",
      'web.x-cutover.match.methods[1] must be a method such as "GET"',
      45,
    ],
    ["{ match: { headers: x } }", "must be a mapping of field names to values", 39],
    [
      "{ match: { headers: { 'a b': 1 } } }",
      '"a b" under web.x-cutover.match.headers must be the name of a field',
      41,
    ],
    ["{ match: { headers: { a: [b] } } }", "match.headers.a must be a text, a mapping with `regexp`", 44],
    ["{ match: { headers: { a: { regex: b } } } }", 'Did you mean "regexp"?', 46],
    [
      "{ match: { headers: { a: { regexp: '(' } } } }",
      "headers.a.regexp must be a regular expression in RE2's",
      54,
    ],
    ["{ match: { query: 1 } }", "must be a mapping of parameters to values", 37],
    ["{ match: { clients: 10.0.0.0/40 } }", "match.clients must be an address or CIDR block", 39],
    ["{ match: { clients: [a] } }", "match.clients[0] must be an address or CIDR block", 40],
    ["{ match: { path-regexp: '(?=a)' } }", "must be a regular expression in RE2's syntax", 43],
    ["{ match: { host-regexp: 5 } }", "must be a regular expression in RE2's syntax", 43],
    ["{ priority: -1 }", "must be a whole number from 0 to 1000", 31],
    ["{ weight: 1001 }", "must be a whole number from 0 to 1000", 29],
    ["{ protocol: tcp, kernel: true, weight: 1 }", "weight has no effect: the kernel passes connections", 50],
    ["{ timeouts: 5s }", "must be a mapping of `connect`, `response` and `keep-alive`", 31],
    ["{ timeouts: { conect: 5s } }", 'Did you mean "connect"?', 33],
    ["{ timeouts: { connect: 0s } }", 'timeouts.connect must be a duration from "1ms" to "1h"', 42],
    ["{ timeouts: { response: 48h } }", 'must be a duration from "0s" to "24h"', 43],
    ["{ timeouts: { keep-alive: 5 } }", 'must be a duration from "0s" to "1h"', 45],
    ["{ max-in-flight: 0 }", "must be a whole number from 1 to 1000000", 36],
    ["{ queue: 5 }", "must be a mapping of `size` and `wait`", 28],
    ["{ queue: { size: -1 } }", "must be a whole number from 0 to 1000000", 36],
    ["{ queue: { wait: 0s } }", 'must be a duration from "1ms" to "1h"', 36],
    ["{ sticky: maybe }", "web.x-cutover.sticky must be true, false or a mapping of `cookie`", 29],
    ["{ sticky: { coockie: a } }", 'under web.x-cutover.sticky. Did you mean "cookie"?', 31],
    ["{ sticky: { cookie: 'a b' } }", "sticky.cookie must be the name of a cookie", 39],
    ["{ sticky: { max-age: 1ms } }", 'sticky.max-age must be a duration from "1s"', 40],
    ["{ sticky: { secure: 5 } }", "sticky.secure must be true or false", 39],
    ["{ sticky: { path: shop } }", 'sticky.path must be a path that begins with "/"', 37],
    ["{ eject: 5 }", "must be true, false or a mapping of `failures`, `pause` and `max-pause`", 28],
    ["{ eject: { failures: 0 } }", "eject.failures must be a whole number from 1", 40],
    ["{ eject: { pause: 0s } }", 'eject.pause must be a duration from "1ms"', 37],
    ["{ eject: { pause: 5s, max-pause: 1s } }", "eject.max-pause must not be less than `pause`", 52],
    ["{ eject: { max-pause: 1ms } }", "eject.max-pause must not be less than `pause`", 41],
    ["{ probe: 5s }", "must be true, false or a mapping of `every` and `failures`", 28],
    ["{ probe: { every: 1ms } }", 'probe.every must be a duration from "100ms"', 37],
    ["{ probe: { failures: none } }", "probe.failures must be a whole number", 40],
    ["{ slow-start: fast }", 'must be a duration from "0s" to "1h"', 33],
    ["{ retry: 3 }", "must be true, false or a mapping of `attempts` and `budget`", 28],
    ["{ retry: { attempts: 11 } }", "retry.attempts must be a whole number from 0 to 10", 40],
    ["{ retry: { budget: 0.2 } }", 'retry.budget must be a share such as "20%"', 38],
    ["{ host-header: 'http://a' }", 'must be "pass", "target" or a host name', 34],
    ["{ proxy-protocol: v3 }", 'must be "v1" or "v2"', 37],
    ["{ buffer-requests: 64k }", "must be true, false or a mapping of `memory` and `disk`", 38],
    ["{ buffer-requests: { memory: 1g } }", 'memory must be a size from "0b" to "16m", such as "64k"', 48],
    ["{ buffer-requests: { disk: big } }", 'disk must be a size from "0b" to "1024g"', 46],
    ["{ max-body: -1 }", "must be a size from", 31],
    ["{ kernel: true }", "web.x-cutover.kernel has no effect: it needs `protocol: tcp`", 21],
    ["{ protocol: tls, kernel: true }", "it needs `protocol: tcp`", 36],
    [
      "{ protocol: tcp, kernel: true, eject: false }",
      "eject has no effect: the kernel passes connections",
      50,
    ],
    ["{ protocol: tcp, host: a.b }", "host has no effect: a connection of `protocol: tcp` names no host", 36],
    ["{ protocol: tls, path: / }", "path has no effect: it speaks of requests", 36],
    ["{ protocol: tls, retry: false }", "retry has no effect: it speaks of requests", 36],
    ["{ protocol: tcp, sticky: true }", "sticky has no effect", 36],
    ["{ protocol: tcp, timeouts: { response: 1s } }", "timeouts.response has no effect", 48],
    ["{ role: worker, max-body: 1m }", "max-body has no effect: the service takes no request", 35],
    ["{ keep: true, protocol: tcp }", "protocol has no effect: the service stays as it is", 33],
  ])("%s", (extension, message, column) => {
    const error = errorOf(file(extension));
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.message).toContain(message);
    expect(error.where).toEqual({ file: "compose.yaml", line: 6, column });
  });

  test("and every key is among those above", () => {
    expect(Object.keys(policyKeys).toSorted()).toEqual([
      ...[
        "buffer-requests",
        "eject",
        "host-header",
        "kernel",
        "match",
        "max-body",
        "max-in-flight",
        "priority",
      ],
      ...[
        "probe",
        "protocol",
        "proxy-protocol",
        "queue",
        "retry",
        "slow-start",
        "sticky",
        "timeouts",
        "weight",
      ],
    ]);
  });
});

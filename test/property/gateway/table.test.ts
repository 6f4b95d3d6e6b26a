import fc from "fast-check";
import { expect, test } from "vitest";
import type { Listener, Route, RoutingTable } from "../../../src/model/route.ts";
import { hostKeys, hostName } from "../../../src/gateway/host.ts";
import { compileTable, matchRoute } from "../../../src/gateway/table.ts";
import { tableProblems } from "../../../src/gateway/table-check.ts";

const label = fc.constantFrom("a", "b", "shop", "x-1");
const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
const pattern = fc.oneof(
  host,
  host.map((name) => `*.${name}`),
);
const path = fc
  .array(fc.constantFrom("api", "apis", "v1", "a"), { maxLength: 3 })
  .map((parts) => `/${parts.join("/")}`);
const listeners: Listener[] = [{ name: "port:8080", host: null, port: 8080 }];
const http = { host: null, port: 80 };

const table: fc.Arbitrary<RoutingTable> = fc
  .array(
    fc.record({
      hosts: fc.array(pattern, { maxLength: 2 }),
      path,
      priority: fc.integer({ min: -1, max: 2 }),
      listener: fc.constantFrom("http", "port:8080"),
    }),
    { maxLength: 12 },
  )
  .map((routes) => ({
    generation: 1,
    listeners,
    routes: routes.map((route, index) => ({ ...route, id: `r${index}`, app: "app", backend: "app/web@1" })),
    backends: [{ id: "app/web@1", app: "app", service: "web", release: 1, targets: [] }],
  }));

test("every generated table is valid", () => {
  fc.assert(
    fc.property(table, (value) => {
      expect(tableProblems(value)).toEqual([]);
    }),
  );
});

test("the matcher takes the route that the rules written out take", () => {
  fc.assert(
    fc.property(
      table,
      fc.option(host),
      path,
      fc.constantFrom("http", "port:8080"),
      (value, name, at, listener) => {
        const found = matchRoute(compileTable(value, http), listener, name, `${at}?q=1`);
        expect(found?.route.id ?? null).toBe(byTheRules(value.routes, listener, name, at));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("no string is too strange", () => {
  fc.assert(
    fc.property(
      table,
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }),
      fc.string(),
      (value, name, at, on) => {
        const compiled = compileTable(value, http);
        matchRoute(compiled, on, hostName(name), at);
        matchRoute(compiled, "http", name, at);
        matchRoute(compiled, "http", "__proto__", "constructor");
      },
    ),
  );
});

test("no value is too strange for the check", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(tableProblems(value).length).toBeGreaterThan(0);
    }),
  );
  fc.assert(
    fc.property(
      table,
      fc.constantFrom("generation", "listeners", "routes", "backends"),
      fc.jsonValue(),
      (value, key, other) => {
        expect(Array.isArray(tableProblems({ ...value, [key]: other }))).toBe(true);
      },
    ),
  );
});

test("a host's keys are itself and its wildcards, from the longest", () => {
  expect(hostKeys("a.b.c")).toEqual(["a.b.c", "*.b.c", "*.c"]);
});

function byTheRules(routes: Route[], listener: string, name: string | null, at: string): string | null {
  const rank = (route: Route) => {
    if (route.hosts.length === 0) return 0;
    if (name === null) return -1;
    const ranks = route.hosts.map((one) => {
      if (one === name) return 1_000;
      return one.startsWith("*.") && name.endsWith(one.slice(1)) ? one.length : -1;
    });
    return Math.max(...ranks);
  };
  const segments = (text: string) => text.split("/").filter((part) => part !== "");
  const holds = (prefix: string) => segments(prefix).every((part, index) => segments(at)[index] === part);
  const [best] = routes
    .filter((route) => route.listener === listener && rank(route) >= 0 && holds(route.path))
    .sort(
      (a, b) =>
        rank(b) - rank(a) ||
        b.priority - a.priority ||
        b.path.length - a.path.length ||
        (a.id < b.id ? -1 : 1),
    );
  return best?.id ?? null;
}

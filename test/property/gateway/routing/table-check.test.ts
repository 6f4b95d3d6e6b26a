import fc from "fast-check";
import { expect, test } from "vitest";
import type { BackendPolicy, RoutingTable, StreamRoute } from "../../../../src/model/route.ts";
import { findRouteFor } from "../../../../src/gateway/routing/find-text.ts";
import { findStream } from "../../../../src/gateway/routing/stream-routes.ts";
import { compileTable } from "../../../../src/gateway/routing/table.ts";
import { tableProblems } from "../../../../src/gateway/table-check.ts";
import { http, request, table } from "./requests.ts";

const policy: BackendPolicy = {
  connectMs: 500,
  sticky: { cookie: "cutover", maxAgeSeconds: 60, secure: true, path: "/" },
  ejection: { failures: 5, baseMs: 1_000, maxMs: 60_000 },
  probe: {
    check: {
      path: "/health",
      host: null,
      successes: 3,
      intervalMs: 50,
      timeoutMs: 2_000,
      status: { from: 200, to: 399 },
    },
    everyMs: 5_000,
    failures: 3,
  },
  retry: { attempts: 2, budget: 0.2 },
  host: { name: "shop.example" },
  bufferRequests: { memoryBytes: 1, diskBytes: 1 },
};
const streams: StreamRoute[] = [
  { id: "s0", app: "app", listener: "port:443", serverNames: ["*.example"], backend: "app/web@1" },
  { id: "s1", app: "app", listener: "port:5432", serverNames: [], backend: "app/web@1" },
];

/** Valid tables with something in all of their parts. */
const full = table.map((value) => ({
  ...value,
  streams,
  backends: value.backends.map((backend) => ({
    ...backend,
    policy,
    targets: [{ id: "c", address: "10.0.0.1", port: 80, weight: 1 }],
  })),
}));

/** A value with another in place of one of its parts, or a member beside those that it has. */
function replaced(value: unknown, picks: readonly number[], other: unknown): unknown {
  const [pick, ...rest] = picks;
  if (pick === undefined || typeof value !== "object" || value === null) return other;
  const entries = Object.entries(value);
  if (pick >= entries.length * 3) return Array.isArray(value) ? [...value, other] : { ...value, more: other };
  const [key, part] = entries[pick % Math.max(1, entries.length)] ?? ["more", null];
  const changed = replaced(part, rest, other);
  if (!Array.isArray(value)) return { ...value, [key]: changed };
  return value.map((one, index) => (String(index) === key ? changed : one));
}

const picks = fc.array(fc.nat({ max: 40 }), { maxLength: 9 });
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(Number.NaN, Number.POSITIVE_INFINITY, 1e99, -1, "", "(", "*.", "\u0000", [], {}),
);

test("no value is too strange for the check", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(tableProblems(value).length).toBeGreaterThan(0);
    }),
  );
});

test("no part of a table is too strange for the check, and what it lets through is routed by", () => {
  let refused = 0;
  let taken = 0;
  fc.assert(
    fc.property(full, picks, odd, request, (value, at, other, one) => {
      expect(tableProblems(value)).toEqual([]);
      const changed = replaced(value, at, other);
      const problems = tableProblems(changed);
      if (problems.length > 0) {
        refused += 1;
        expect(problems.every((problem) => problem.length > 0 && problem.length < 1_000)).toBe(true);
        return;
      }
      taken += 1;
      const compiled = compileTable(changed as RoutingTable, http, ({ id }) => id);
      for (const listener of ["http", ...compiled.listeners.keys()]) findRouteFor(compiled, listener, one);
      for (const routes of compiled.streams.values()) findStream(routes, one.host);
    }),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(500);
  expect(taken).toBeGreaterThan(50);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createRequestHead } from "../../../../src/gateway/http1/head.ts";
import { clientPlace } from "../../../../src/gateway/routing/client-place.ts";
import { findRoute } from "../../../../src/gateway/routing/find.ts";
import { findRouteFor } from "../../../../src/gateway/routing/find-text.ts";
import { compileTable } from "../../../../src/gateway/routing/table.ts";
import { tableProblems } from "../../../../src/gateway/table-check.ts";
import { byTheRules } from "./reference.ts";
import { http, request, table } from "./requests.ts";

test("every generated table is valid", () => {
  fc.assert(
    fc.property(table, (value) => {
      expect(tableProblems(value)).toEqual([]);
    }),
  );
});

test("the look-up takes the route that the rules written out take", () => {
  let matched = 0;
  fc.assert(
    fc.property(
      table,
      fc.array(request, { minLength: 1, maxLength: 10 }),
      fc.constantFrom("http", "port:8080"),
      (value, requests, listener) => {
        const compiled = compileTable(value, http, () => null);
        for (const one of requests) {
          const found = findRouteFor(compiled, listener, one)?.route.id ?? null;
          expect(found).toBe(byTheRules(value.routes, listener, one));
          if (found !== null) matched += 1;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(matched).toBeGreaterThan(2_000);
});

test("no bytes are too strange", () => {
  const offset = fc.integer({ min: 0, max: 64 });
  fc.assert(
    fc.property(
      table,
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.array(offset, { minLength: 24, maxLength: 24 }),
      fc.string(),
      (value, bytes, offsets, client) => {
        const compiled = compileTable(value, http, () => null);
        const head = createRequestHead();
        const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, ...fields] = offsets;
        Object.assign(head, { methodStart: a, methodEnd: b, pathStart: c, pathEnd: d, queryEnd: e });
        if (f < g) Object.assign(head, { authorityStart: f, authorityEnd: g, hostEnd: g });
        head.fieldCount = Math.floor(fields.length / 4);
        head.fields.set(fields);
        for (const routes of compiled.listeners.values()) {
          const found = findRoute(routes, bytes, head, clientPlace(client));
          if (found !== null) expect(value.routes).toContain(found.route);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeRoutes } from "../../../src/balancers/gateway.ts";
import { readApp } from "../../../src/compose/app.ts";
import { serviceExtension } from "../../../src/compose/extension-schema.ts";
import { releaseDraft } from "../../../src/cli/deployment/draft.ts";
import { parseDraft } from "../../../src/control/requests.ts";
import { appRoutes } from "../../../src/deploy/targets.ts";
import { tableProblems } from "../../../src/gateway/table-check.ts";
import { CutoverError } from "../../../src/model/error.ts";
import type { Release } from "../../../src/model/release.ts";

const duration = fc.oneof(
  fc.integer({ min: 0, max: 90_000_000 }).map((ms) => `${ms}ms`),
  fc.constantFrom("0s", "1s", "1h", "24h", "9600h"),
);
const size = fc.oneof(fc.nat(), fc.constantFrom("0", "64k", "16m", "1024g"));
const whole = fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(1_000, 1_000_000));
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom(
    "a",
    "a.b",
    "*.a.b",
    "/",
    "/a",
    "/a?b",
    "x y",
    "A:80",
    "^a",
    "(?=a)",
    "",
    "é",
    "a-.b",
    "a..b",
  ),
);
const truth = fc.constantFrom(true, false, "true", "false");
const mapping = <T extends object>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(parts, { requiredKeys: [] });
const listOf = <T>(one: fc.Arbitrary<T>) => fc.oneof(one, fc.array(one, { maxLength: 3 }));
const wanted = fc.dictionary(
  text,
  fc.oneof(text, fc.constant(null), fc.double(), fc.record({ regexp: text })),
  {
    maxKeys: 3,
  },
);

/** Mappings of `x-cutover` in a service that may be right, each key more often than not. */
const extension = mapping({
  protocol: fc.constantFrom("http", "tcp", "tls"),
  kernel: truth,
  host: listOf(text),
  path: text,
  check: mapping({
    path: text,
    host: text,
    successes: whole,
    status: fc.constantFrom("200", "399-200", "200-204"),
  }),
  match: mapping({
    methods: listOf(fc.constantFrom("GET", "M-SEARCH", "get")),
    headers: wanted,
    query: wanted,
    clients: listOf(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.ipV4().map((ip) => `${ip}/8`),
        text,
      ),
    ),
    "host-regexp": text,
    "path-regexp": text,
  }),
  priority: whole,
  weight: whole,
  timeouts: mapping({ connect: duration, response: duration, "keep-alive": duration }),
  "max-in-flight": whole,
  queue: mapping({ size: whole, wait: duration }),
  sticky: fc.oneof(truth, mapping({ cookie: text, "max-age": duration, secure: truth, path: text })),
  eject: fc.oneof(truth, mapping({ failures: whole, pause: duration, "max-pause": duration })),
  probe: fc.oneof(truth, mapping({ every: duration, failures: whole })),
  "slow-start": duration,
  retry: fc.oneof(
    truth,
    mapping({ attempts: whole, budget: fc.constantFrom("0%", "12.5%", "100%", "101%") }),
  ),
  "host-header": text,
  "proxy-protocol": fc.constantFrom("v1", "v2"),
  "buffer-requests": fc.oneof(truth, mapping({ memory: size, disk: size })),
  "max-body": size,
});

/** What of a mapping the schema takes, so that most of it is tried. */
function fitting(said: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(said).filter(([key, value]) => serviceExtension.safeParse({ [key]: value }).success),
  );
}

test("whatever the schema takes makes a table that the gateway takes", () => {
  let taken = 0;
  fc.assert(
    fc.property(extension, (said) => {
      const release = releaseOf(fitting(said));
      if (!release) return;
      taken += 1;
      const targets = new Map([["web", [{ id: "c1", address: "172.18.0.2", port: 80 }]]]);
      const table = mergeRoutes(1, new Map([["shop", appRoutes(release, targets, 80)]]));
      expect(tableProblems(JSON.parse(JSON.stringify(table)))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(300);
});

/** The release as control stores it; null for a mapping whose parts say nothing together. */
function releaseOf(said: object): Release | null {
  const web = { build: ".", ports: [{ target: 80, published: "8080" }], "x-cutover": said };
  const model = { name: "shop", services: { web } };
  try {
    const app = readApp({ model, sources: [] });
    const draft = releaseDraft({
      ...{ app, model, projectDirectory: "/srv", git: null, who: "ann" },
      images: new Map([["web", "sha256:1"]]),
    });
    return { ...parseDraft(JSON.parse(JSON.stringify({ ...draft, force: false }))), number: 1, createdAt: 0 };
  } catch (error) {
    if (error instanceof CutoverError && error.code === "EXTENSION_INVALID") return null;
    throw error;
  }
}

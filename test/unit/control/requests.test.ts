import { describe, expect, test } from "vitest";
import { parseDraft } from "../../../src/control/requests.ts";
import { sameTargets } from "../../../src/control/target-set.ts";
import { appRoutes } from "../../../src/deploy/targets.ts";
import { State } from "../../../src/control/state.ts";
import { release, releaseRecord, webService } from "../../support/release.ts";

const listener = { name: "port:5432", host: null, port: 5432, protocol: "tcp" as const, kernel: true };
const rich = webService({
  routes: [{ listener: "http", hosts: [], path: "/", priority: 1, when: { any: [{ method: "GET" }] } }],
  streams: [{ listener: "port:5432", serverNames: [] }],
  weight: 3,
  policy: { ejection: null, sticky: { cookie: "id" }, host: { name: "a.b" } },
});

describe("a draft", () => {
  test.each([
    ["of an older command, without policies and streams", release()],
    [
      "with all of them",
      release({
        services: [rich, webService({ name: "canary", routes: [], weight: 1, sharesWith: "web" })],
        listeners: [listener],
      }),
    ],
  ])("%s is taken as it is", (_, { number: _number, createdAt: _createdAt, ...draft }) => {
    const sent = { ...draft, force: false };
    expect(parseDraft(structuredClone(sent))).toEqual(sent);
  });

  test("with an unknown protocol is refused", () => {
    const { number: _number, createdAt: _createdAt, ...draft } = release();
    const listeners = [{ ...listener, protocol: "udp" }];
    expect(() => parseDraft({ ...draft, listeners, force: false })).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining("listeners.0.protocol") }),
    );
  });
});

test("a release and routes that were stored before there were policies and streams are read", () => {
  const state = new State(":memory:");
  try {
    const record = releaseRecord(1);
    state.saveRelease(record);
    state.setLive("shop", 1, "blue");
    const routes = appRoutes(record.release, new Map(), 80);
    state.setRoutes("shop", routes);
    const stored = state.release("shop", 1);
    expect(stored && appRoutes(stored.release, new Map(), 80)).toEqual(routes);
    expect(state.routes("shop")).toEqual(routes);
  } finally {
    state.close();
  }
});

test("routes differ when their streams, policies or conditions do", () => {
  const routesOf = (service = rich) =>
    appRoutes(release({ services: [service], listeners: [listener] }), new Map(), 80);
  expect(sameTargets(routesOf(), routesOf())).toBe(true);
  for (const other of [
    { ...rich, policy: {} },
    { ...rich, streams: [] },
    { ...rich, routes: rich.routes.map(({ when: _, ...route }) => route) },
  ]) {
    expect(sameTargets(routesOf(), routesOf(other))).toBe(false);
  }
});

import { describe, expect, it } from "vitest";
import type { ContainerState } from "../../../src/deploy/ports.ts";
import {
  appRoutes,
  requireFree,
  requireOwnPorts,
  routeConflict,
  serviceOf,
  targetOf,
} from "../../../src/deploy/targets.ts";
import { label } from "../../../src/model/labels.ts";
import { release, webService } from "../../support/release.ts";

function container(
  networks: ContainerState["networks"],
  labels: Record<string, string> = {},
): ContainerState {
  return {
    id: "c1",
    name: "shop-blue-web-blue-1",
    labels,
    imageId: "sha256:1",
    status: "running",
    health: "none",
    exitCode: null,
    oomKilled: false,
    restartCount: 0,
    startedAt: "2026-01-01T00:00:00Z",
    stopTimeoutSeconds: 10,
    networks,
  };
}

describe("targetOf", () => {
  const bridge = { name: "shop_default", driver: "bridge", address: "172.18.0.2" };
  const overlay = { name: "aa_overlay", driver: "overlay", address: "10.0.0.2" };

  it("prefers a bridge network, whatever the names", () => {
    expect(targetOf(container([overlay, bridge]), webService())?.address).toBe("172.18.0.2");
  });

  it("takes the network the service names, by its compose key", () => {
    const front = { name: "shop_front", driver: "bridge", address: "172.19.0.2" };
    expect(targetOf(container([bridge, front]), webService({ network: "front" }))?.address).toBe(
      "172.19.0.2",
    );
  });

  it("is null without an address or for a service without a port", () => {
    expect(targetOf(container([{ ...bridge, address: "" }]), webService())).toBeNull();
    expect(targetOf(container([bridge]), webService({ port: null }))).toBeNull();
  });
});

describe("serviceOf", () => {
  it("leaves hooks out", () => {
    const labels = { [label.service]: "web", [label.role]: "hook" };
    expect(serviceOf(container([], labels), release())).toBeUndefined();
    expect(serviceOf(container([], { [label.service]: "web" }), release())?.name).toBe("web");
  });
});

describe("appRoutes", () => {
  const published = release({
    listeners: [{ name: "port:8080", host: null, port: 8080 }],
    services: [webService({ routes: [{ listener: "port:8080", hosts: [], path: "/", priority: 0 }] })],
  });

  it("leads all routes to the release's backends", () => {
    const target = { id: "c1", address: "172.18.0.2", port: 3000 };
    const routes = appRoutes(published, new Map([["web", [target]]]), 80);
    expect(routes.backends).toEqual([
      { id: "shop/web@1", app: "shop", service: "web", release: 1, targets: [target] },
    ]);
    expect(routes.routes.map((route) => [route.listener, route.backend])).toEqual([
      ["port:8080", "shop/web@1"],
    ]);
  });

  it("gives the targets of services that share requests their weight, in one backend", () => {
    const shared = release({
      services: [
        webService({ weight: 9 }),
        webService({ name: "canary", routes: [], weight: 1, sharesWith: "web" }),
        webService({ name: "other", routes: [] }),
      ],
    });
    const target = (id: string) => ({ id, address: "172.18.0.2", port: 3000 });
    const targets = new Map([
      ["web", [target("w1"), target("w2")]],
      ["canary", [target("c1")]],
      ["other", [target("o1")]],
    ]);
    const { backends } = appRoutes(shared, targets, 80);
    expect(
      backends.map(({ id, targets: of }) => [id, of.map(({ id: one, weight }) => [one, weight])]),
    ).toEqual([
      [
        "shop/web@1",
        [
          ["w1", 9],
          ["w2", 9],
          ["c1", 1],
        ],
      ],
      ["shop/other@1", [["o1", undefined]]],
    ]);
  });

  it("uses the gateway's own listener for a port that is the gateway's", () => {
    const routes = appRoutes(published, new Map(), 8080);
    expect(routes.listeners).toEqual([]);
    expect(routes.routes[0]?.listener).toBe("http");
  });

  it("finds another app's claim to the same host, path and listener, and only that", () => {
    const mine = appRoutes(published, new Map(), 80);
    const theirs = appRoutes({ ...published, app: "blog" }, new Map(), 80);
    expect(routeConflict(mine, new Map([["blog", theirs]]))?.owner).toBe("blog");
    const hosted = structuredClone(theirs);
    for (const route of hosted.routes) route.hosts = ["blog.example.com"];
    expect(routeConflict(mine, new Map([["blog", hosted]]))).toBeNull();
    const conditional = structuredClone(theirs);
    for (const route of conditional.routes) route.when = { method: "GET" };
    expect(routeConflict(mine, new Map([["blog", conditional]]))).toBeNull();
    expect(routeConflict(conditional, new Map([["blog", conditional]]))?.owner).toBe("blog");
  });

  it("gives backends their policy and routes their condition, where the release has them", () => {
    const policy = { maxInFlight: 5 };
    const when = { method: "GET" };
    const service = webService({
      policy,
      routes: [{ listener: "http", hosts: [], path: "/", priority: 3, when }],
    });
    const routes = appRoutes(release({ services: [service] }), new Map(), 80);
    expect(routes.backends).toEqual([expect.objectContaining({ policy })]);
    expect(routes.routes).toEqual([expect.objectContaining({ priority: 3, when })]);
    const plain = appRoutes(published, new Map(), 80);
    expect(plain.backends[0]).not.toHaveProperty("policy");
    expect(plain.routes[0]).not.toHaveProperty("when");
    expect(plain).not.toHaveProperty("streams");
  });
});

describe("streams", () => {
  /** An app that publishes port 5432 for connections. */
  function streaming(app: string, protocol: "http" | "tcp" | "tls", serverNames: string[] = []) {
    const listener = "port:5432";
    const route = { listener, hosts: [], path: "/", priority: 0 };
    const service = webService(
      protocol === "http" ? { routes: [route] } : { routes: [], streams: [{ listener, serverNames }] },
    );
    const listeners = [{ name: listener, host: null, port: 5432, protocol }];
    return release({ app, listeners, services: [service] });
  }
  const routesOfApp = (...input: Parameters<typeof streaming>) =>
    appRoutes(streaming(...input), new Map(), 80);

  it("lead to the release's backend, and listeners say what is spoken on them", () => {
    const routes = routesOfApp("shop", "tls", ["shop.example"]);
    expect(routes.listeners).toEqual([{ name: "port:5432", host: null, port: 5432, protocol: "tls" }]);
    expect(routes.routes).toEqual([]);
    expect(routes.streams).toEqual([
      {
        id: "shop/web/stream/0",
        app: "shop",
        listener: "port:5432",
        serverNames: ["shop.example"],
        backend: "shop/web@1",
      },
    ]);
  });

  it("can't have the gateway's own port, which is told before anything starts", () => {
    const { listeners } = streaming("shop", "tcp");
    expect(() => requireOwnPorts(listeners, 5432)).toThrow(expect.objectContaining({ code: "PORT_TAKEN" }));
    const local = listeners.map((listener) => ({ ...listener, host: "127.0.0.1" }));
    expect(() => requireOwnPorts(local, 5432)).toThrow(expect.objectContaining({ code: "PORT_TAKEN" }));
    expect(() => requireOwnPorts(listeners, 80)).not.toThrow();
    expect(() => requireOwnPorts(streaming("shop", "http").listeners, 5432)).not.toThrow();
    expect(appRoutes(streaming("shop", "tcp"), new Map(), 5432)).not.toHaveProperty("streams");
  });

  it.each([
    ["tcp", [], "tcp", [], "listener port:5432 belongs to app blog"],
    ["tcp", [], "http", [], "listener port:5432 belongs to app blog"],
    ["http", [], "tls", [], "listener port:5432 belongs to app blog"],
    ["tls", ["a.b", "c.d"], "tls", ["c.d"], "a.b, c.d on listener port:5432 belongs to app blog"],
    ["tls", [], "tls", [], "any host on listener port:5432 belongs to app blog"],
  ] as const)("%s %j is in the way of %s %j of another app", (mine, names, theirs, taken, message) => {
    const others = new Map([["blog", routesOfApp("blog", theirs, [...taken])]]);
    expect(() => requireFree(routesOfApp("shop", mine, [...names]), others)).toThrow(
      expect.objectContaining({ code: "ROUTE_TAKEN", message }),
    );
  });

  it.each([
    [["a.b"], ["c.d"]],
    [["a.b"], []],
    [["*.b"], ["a.b"]],
  ])("apps share a port of TLS by server name: %j and %j", (names, taken) => {
    const others = new Map([["blog", routesOfApp("blog", "tls", taken)]]);
    expect(() => requireFree(routesOfApp("shop", "tls", names), others)).not.toThrow();
  });
});

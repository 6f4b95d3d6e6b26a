import { describe, expect, it } from "vitest";
import type { ContainerState } from "../../../src/deploy/ports.ts";
import { appRoutes, routeConflict, serviceOf, targetOf } from "../../../src/deploy/targets.ts";
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
  });
});

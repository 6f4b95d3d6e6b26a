import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGatewayBalancer, mergeRoutes, routesOf } from "../../../src/balancers/gateway.ts";
import { appRoutes } from "../../../src/deploy/targets.ts";
import { release, webService } from "../../support/release.ts";

let directory: string;
let hanging: Server;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "cutover-balancer-"));
  hanging = createServer((socket) => void socket.on("error", () => undefined).resume());
  await once(hanging.listen(join(directory, "gateway.sock")), "listening");
});

afterEach(() => {
  hanging.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("a gateway that takes requests and never answers", () => {
  it("is told as unreachable for whatever was asked, and keeps nothing of a change", async () => {
    let generation = 0;
    const balancer = createGatewayBalancer(join(directory, "gateway.sock"), () => ++generation, 20);
    const routes = appRoutes(release(), new Map(), 80);
    const answers = await Promise.allSettled([
      balancer.status(),
      balancer.observedRoutes("shop"),
      balancer.setRoutes("shop", routes),
      balancer.reassert(),
      balancer.stats("shop", 0),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: "rejected", reason: { code: "GATEWAY_UNREACHABLE" } });
    }
    expect(balancer.routes().size).toBe(0);
  });
});

describe("streams in a table", () => {
  const listener = { name: "port:5432", host: null, port: 5432, protocol: "tls" as const };

  function tlsApp(app: string, name: string) {
    const service = webService({ routes: [], streams: [{ listener: listener.name, serverNames: [name] }] });
    return appRoutes(release({ app, listeners: [listener], services: [service] }), new Map(), 80);
  }

  it("stand beside routes, and each app finds its own again, on a listener that both share", () => {
    const apps = new Map([
      ["shop", tlsApp("shop", "shop.example")],
      ["blog", tlsApp("blog", "blog.example")],
      ["site", appRoutes(release({ app: "site" }), new Map(), 80)],
    ]);
    const table = mergeRoutes(7, apps);
    expect(table.listeners).toEqual([listener]);
    expect(table.streams?.map((stream) => stream.app)).toEqual(["shop", "blog"]);
    for (const [app, routes] of apps) expect(routesOf(table, app)).toEqual(routes);
    expect(routesOf(table, "none")).toBeNull();
  });

  it("are none in a table of apps without them", () => {
    const site = appRoutes(release({ app: "site" }), new Map(), 80);
    expect(mergeRoutes(1, new Map([["site", site]]))).not.toHaveProperty("streams");
  });
});

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGatewayBalancer } from "../../../src/balancers/gateway.ts";
import { appRoutes } from "../../../src/deploy/targets.ts";
import { release } from "../../support/release.ts";

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

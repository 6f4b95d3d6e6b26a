import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DrainEvent } from "../../../src/model/gateway-api.ts";
import type { RoutingTable, Target } from "../../../src/model/route.ts";
import { type TestGateway, startGateway } from "../../support/gateway.ts";
import {
  type ClientEvent,
  KernelWorld,
  bridgeAddress,
  missing,
  targetAddress,
} from "../../support/kernel-world.ts";

const lack = await missing();
const port = 6_379;
const listener = `port:${port}`;

function table(generation: number, target: Target, kernel = true): RoutingTable {
  const backend = `cache/cache@${generation}`;
  return {
    generation,
    listeners: [{ name: listener, host: null, port, protocol: "tcp", kernel }],
    routes: [],
    streams: [{ id: "cache", app: "cache", listener, serverNames: [], backend }],
    backends: [{ id: backend, app: "cache", service: "cache", release: generation, targets: [target] }],
  };
}

const target = (name: "old" | "new"): Target => ({ id: name, address: targetAddress[name], port });

describe.skipIf(lack !== null)(
  `a gateway with the kernel's help${lack === null ? "" : ` (skipped: ${lack})`}`,
  () => {
    let world: KernelWorld;
    let gateway: TestGateway;
    let directory: string;

    /** @param front words in front of the gateway's command, within its network */
    const start = (...front: string[]) =>
      startGateway({
        httpPort: 8_080,
        directory,
        settings: { "kernel-streams": "true" },
        within: world.within("router", ...front),
        environment: { CUTOVER_INSTANCE: "testing" },
      });

    const fromLoopback = () =>
      world.exec(
        "router",
        process.execPath,
        "-e",
        `require("node:net").connect(${port}, "127.0.0.1").once("data", (data) => { process.stdout.write(data); process.exit(); })`,
      );

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "cutover-kernel-"));
      world = await new KernelWorld().make();
      await Promise.all([world.startTarget("old", port), world.startTarget("new", port)]);
      gateway = await start();
    });

    afterEach(async () => {
      await gateway[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    it("switches kernel and workers in one step, and counts and closes what the kernel has", async () => {
      await gateway.put(table(1, target("old")));
      const [, status] = (await gateway.status()).listeners;
      expect(status).toMatchObject({ name: listener, kernel: true, bound: true });
      const events = world.startClients(port, 4, 3);
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(100), 15_000);

      await gateway.put(table(2, target("new")));
      const switchedAt = Number(process.hrtime.bigint()) / 1e6;
      const drain: DrainEvent[] = [];
      const request = { targets: ["old"], requestsMs: 100, connectionsMs: 1_000, spreadMs: 300 };
      for await (const event of gateway.follow<DrainEvent>("/v1/drain", request)) drain.push(event);

      expect(drain[0]).toMatchObject({ type: "progress", requests: 0 });
      expect(drain.at(-1)).toMatchObject({ type: "done", connections: 0, closedConnections: 3 });
      await vi.waitFor(() => {
        const ended = events.filter((event) => event.type === "longEnded");
        expect(ended.map(({ name, reason }) => `${name} ${reason}`)).toEqual(
          Array<string>(3).fill("old ECONNRESET"),
        );
        for (const { at } of ended) expect(at - switchedAt).toBeGreaterThan(950);
      }, 10_000);
      expect(events.filter((event) => event.type === "failed")).toEqual([]);
      const after = shorts(events).filter(({ from }) => from > switchedAt);
      expect(after.length).toBeGreaterThan(50);
      expect(new Set(after.map(({ name }) => name))).toEqual(new Set(["new"]));
      // The workers have seen none of it.
      const targets = await gateway.call<{ targets: { inFlight: number }[] }>("GET", "/v1/targets");
      expect(targets.targets.every(({ inFlight }) => inFlight === 0)).toBe(true);
    });

    it("leaves all as it was when the kernel refuses in the last moment", async () => {
      await gateway.end();
      const refusing = join(directory, "refuse");
      await copyFile("/usr/sbin/nft", join(directory, "nft"));
      const wrapper = `#!/bin/sh\n[ -e ${refusing} ] && [ "$1" = -f ] && { echo no >&2; exit 1; }\nexec ${directory}/nft "$@"\n`;
      await writeFile(join(directory, "wrapper"), wrapper, { mode: 0o755 });
      const mounted = 'mount --bind "$0" /usr/sbin/nft && exec "$@"';
      gateway = await start("sh", "-c", mounted, join(directory, "wrapper"));
      await gateway.put(table(1, target("old")));
      const rules = await world.exec("router", "nft", "list", "ruleset");

      await writeFile(refusing, "");
      await expect(gateway.put(table(2, target("new")))).rejects.toMatchObject({ code: "GATEWAY_REFUSED" });
      expect(await gateway.call("GET", "/v1/table")).toEqual(table(1, target("old")));
      expect(await world.exec("router", "nft", "list", "ruleset")).toBe(rules);
      expect(JSON.parse(await readFile(join(directory, "table.json"), "utf8"))).toEqual(
        table(1, target("old")),
      );
      expect(await fromLoopback()).toBe(`old ${bridgeAddress}\n`);

      await rm(refusing);
      await gateway.put(table(3, target("new")));
      expect(await fromLoopback()).toBe(`new ${bridgeAddress}\n`);
    });

    it("is in nobody's way while it is gone, and takes up its rules again", async () => {
      await gateway.put(table(1, target("old")));
      const events = world.startClients(port, 2, 2);
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(50), 15_000);
      await gateway.end("SIGKILL");
      const goneAt = shorts(events).length;
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(goneAt + 50), 10_000);
      gateway = await start();
      await gateway.put(table(1, target("old")));
      await vi.waitFor(async () => {
        expect((await gateway.status()).listeners[1]).toMatchObject({ name: listener, kernel: true });
      }, 5_000);
      const backAt = shorts(events).length;
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(backAt + 50), 10_000);
      expect(events.filter(({ type }) => type === "failed" || type === "longEnded")).toEqual([]);
      expect(new Set(shorts(events).map(({ seen }) => seen))).toContain(bridgeAddress);
    });

    it("leaves it to the workers again when the service does not want it any more", async () => {
      await gateway.put(table(1, target("old")));
      await gateway.put(table(2, target("new"), false));
      expect(await world.exec("router", "nft", "list", "ruleset")).not.toContain("dnat ip to");
      const events = world.startClients(port, 2, 0);
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(20), 15_000);
      expect(new Set(shorts(events).map(({ name }) => name))).toEqual(new Set(["new"]));
      expect((await gateway.status()).listeners[1]).toMatchObject({ kernel: false });
    });

    it("has the workers serve what comes from loopback", async () => {
      await gateway.put(table(1, target("old")));
      expect(await fromLoopback()).toBe(`old ${bridgeAddress}\n`);
    });

    it("has the workers serve all where the engine's chain can't be seen", async () => {
      await world.exec("router", "nft", "delete", "table", "ip", "filter");
      await gateway.put(table(1, target("old")));
      expect((await gateway.status()).listeners[1]).toMatchObject({ name: listener, kernel: false });
      const events = world.startClients(port, 2, 0);
      await vi.waitFor(() => expect(shorts(events).length).toBeGreaterThan(20), 15_000);
      expect(events.filter(({ type }) => type === "failed")).toEqual([]);
      expect(gateway.log.some((line) => line.includes("DOCKER-USER can't be used"))).toBe(true);
    });
  },
);

function shorts(events: readonly ClientEvent[]): Extract<ClientEvent, { type: "short" }>[] {
  return events.filter((event) => event.type === "short");
}

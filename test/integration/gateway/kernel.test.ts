import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DrainCount } from "../../../src/gateway/drain-count.ts";
import { KernelDrains } from "../../../src/gateway/kernel/kernel-drains.ts";
import { KernelSwitch, removeKernelRules } from "../../../src/gateway/kernel/kernel-switch.ts";
import { addCounts } from "../../../src/gateway/drain-count.ts";
import type { RoutingTable, Target } from "../../../src/model/route.ts";
import {
  KernelWorld,
  bridgeAddress,
  missing,
  routerAddress,
  targetAddress,
} from "../../support/kernel-world.ts";

const lack = await missing();
const port = 5_432;
const listener = `port:${port}`;
const instance = "testing";

function table(generation: number, targets: Target[]): RoutingTable {
  const backend = { id: `db/db@${generation}`, app: "db", service: "db", release: generation, targets };
  return {
    generation,
    listeners: [{ name: listener, host: null, port, protocol: "tcp", kernel: true }],
    routes: [],
    streams: [{ id: "db", app: "db", listener, serverNames: [], backend: backend.id }],
    backends: [backend],
  };
}

const target = (name: "old" | "new"): Target => ({ id: name, address: targetAddress[name], port });

describe.skipIf(lack !== null)(`switching in the kernel${lack === null ? "" : ` (skipped: ${lack})`}`, () => {
  let world: KernelWorld;
  let kernel: KernelSwitch;
  let reported: DrainCount[][];
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

  beforeEach(async () => {
    for (const say of Object.values(log)) say.mockClear();
    reported = [];
    world = await new KernelWorld().make();
    await Promise.all([world.startTarget("old", port), world.startTarget("new", port)]);
    kernel = new KernelSwitch({
      instance,
      tools: world.tools,
      directory: tmpdir(),
      bound: () => true,
      proxyProtocol: false,
      log,
      report: (counts) => reported.push(counts),
    });
    await kernel.start(null);
  });

  afterEach(async () => {
    kernel.stop();
    await world[Symbol.asyncDispose]();
  });

  it("switches under load: nothing fails, what stands stays until the drain closes it", async () => {
    await kernel.apply(table(1, [target("old")]));
    expect(kernel.serves(listener)).toBe(true);
    const events = world.startClients(port, 4, 5);
    const shorts = () => events.filter((event) => event.type === "short");
    const ended = () => events.filter((event) => event.type === "longEnded");
    await vi.waitFor(() => expect(shorts().length).toBeGreaterThan(200), 10_000);
    expect(events.filter((event) => event.type === "long").map(({ name }) => name)).toEqual(
      Array<string>(5).fill("old"),
    );

    await kernel.prepare(table(2, [target("new")]));
    await kernel.commit();
    const switchedAt = Number(process.hrtime.bigint()) / 1e6;
    const counts = await kernel.drain({
      targets: ["old"],
      requestsMs: 100,
      connectionsMs: 1_500,
      spreadMs: 500,
    });
    expect(addCounts(counts)).toMatchObject({ requests: 0, closedConnections: 0 });
    expect(addCounts(counts).connections).toBeGreaterThanOrEqual(5);
    await vi.waitFor(() => expect(ended()).toHaveLength(5), 10_000);
    await vi.waitFor(
      () =>
        expect(reported.at(-1)).toEqual([
          { target: "old", requests: 0, connections: 0, cutRequests: 0, closedConnections: 5 },
        ]),
      5_000,
    );

    const again = await kernel.drain({ targets: ["old"], requestsMs: 0, connectionsMs: 0, spreadMs: 0 });
    expect(again).toEqual(reported.at(-1));

    expect(events.filter((event) => event.type === "failed")).toEqual([]);
    const after = shorts().filter(({ from }) => from > switchedAt);
    expect(after.length).toBeGreaterThan(100);
    expect(new Set(after.map(({ name }) => name))).toEqual(new Set(["new"]));
    const firstNew = Math.min(...shorts().flatMap(({ name, to }) => (name === "new" ? [to] : [])));
    expect(shorts().filter(({ name, from }) => name === "old" && from > firstNew)).toEqual([]);
    for (const { name, at, reason } of ended()) {
      expect(name).toBe("old");
      expect(reason).toBe("ECONNRESET");
      expect(at - switchedAt).toBeGreaterThan(1_400);
      expect(at - switchedAt).toBeLessThan(8_000);
    }
    // As with connections that the gateway passes on itself.
    expect(new Set(shorts().map(({ seen }) => seen))).toEqual(new Set([bridgeAddress]));
  });

  it("says that connections can't be closed, and lets the drain end, when they can't be looked at", async () => {
    const drains = new KernelDrains({
      tools: { ...world.tools, conntrack: ["false"] },
      directory: tmpdir(),
      log,
      report: (counts) => reported.push(counts),
    });
    const request = { targets: ["old", "other"], requestsMs: 0, connectionsMs: 100, spreadMs: 0 };
    const count = { target: "old", requests: 0, cutRequests: 0, closedConnections: 0 };
    const first = await drains.start(request, (id) => (id === "old" ? target("old") : null));
    expect(first).toEqual([{ ...count, connections: 1 }]);
    await vi.waitFor(() => expect(reported.at(-1)).toEqual([{ ...count, connections: 0 }]), 10_000);
    expect(log.error).toHaveBeenCalledExactlyOnceWith(
      { err: expect.any(Error), target: "old", connections: 1 },
      expect.stringContaining("can't be closed"),
    );
    drains.stop();
  });

  it("draws targets by their weights, and leaves out one that is down", async () => {
    await kernel.apply(table(1, [{ ...target("old"), weight: 3 }, target("new")]));
    const events = world.startClients(port, 8, 0);
    const names = () => events.flatMap((event) => (event.type === "short" ? [event.name] : []));
    await vi.waitFor(() => expect(names().length).toBeGreaterThan(600), 15_000);
    const share = names().filter((name) => name === "old").length / names().length;
    // Six standard deviations of 600 draws.
    expect(Math.abs(share - 0.75)).toBeLessThan(0.11);
    kernel.setDown("old", true);
    await vi.waitFor(async () => expect(await rules()).not.toContain(targetAddress.old), 5_000);
    const before = names().length;
    await vi.waitFor(() => expect(names().length).toBeGreaterThan(before + 100), 10_000);
    // Those that had begun before.
    expect(new Set(names().slice(before + 16))).toEqual(new Set(["new"]));
    expect(events.filter((event) => event.type === "failed")).toEqual([]);
  });

  it("keeps the rules as they were when the kernel refuses new ones", async () => {
    await kernel.apply(table(1, [target("old")]));
    const before = await rules();
    const bad = table(2, [{ id: "bad", address: targetAddress.new, port: 0.5 }]);
    await expect(kernel.prepare(bad)).rejects.toMatchObject({ code: "GATEWAY_REFUSED" });
    expect(await rules()).toBe(before);
    await kernel.prepare(table(3, [target("new")]));
    kernel.abandon();
    await kernel.commit();
    expect(await rules()).toBe(before);
  });

  it("puts its rule behind a user's own, where iptables understands it, and takes all away", async () => {
    const chainBefore = await world.exec("router", "iptables-nft", "-S");
    await kernel.apply(table(1, [target("old")]));
    expect((await world.exec("router", "iptables-nft", "-S", "DOCKER-USER")).trim().split("\n")).toEqual([
      "-N DOCKER-USER",
      "-A DOCKER-USER -s 192.0.2.7/32 -m conntrack --ctstate NEW -j DROP",
      `-A DOCKER-USER -m mark --mark 0x10000000/0x10000000 -m comment --comment cutover-${instance} -j ACCEPT`,
      "-A DOCKER-USER -j RETURN",
    ]);
    await removeKernelRules(instance, world.tools);
    expect(await world.exec("router", "nft", "list", "tables")).toBe("table ip filter\n");
    expect(await world.exec("router", "iptables-nft", "-S")).toBe(chainBefore);
    await removeKernelRules(instance, world.tools);
  });

  it("makes its rules again when others take them away", async () => {
    await kernel.apply(table(1, [target("old")]));
    await world.exec("router", "nft", "delete", "table", "ip", `cutover-${instance}`);
    await world.exec("router", "iptables-nft", "-D", "DOCKER-USER", "2");
    await vi.waitFor(async () => {
      expect(await rules()).toContain(targetAddress.old);
      expect(await world.exec("router", "iptables-nft", "-S", "DOCKER-USER")).toContain("cutover-testing");
    }, 15_000);
  });

  it("says why it passes nothing on where the engine's filter can't be seen", async () => {
    await world.exec("router", "nft", "delete", "table", "ip", "filter");
    await kernel.apply(table(1, [target("old")]));
    expect(kernel.serves(listener)).toBe(false);
    expect(log.warn.mock.calls.map(([fields]) => fields)).toEqual([
      { listener, reason: expect.stringContaining("DOCKER-USER can't be used") },
    ]);
    expect(await rules()).not.toContain("dnat ip to");
  });

  it("leaves connections through the machine alone that only have the same port", async () => {
    await kernel.apply(table(1, [target("old")]));
    await world.ip("client", `route add ${targetAddress.new}/32 via ${routerAddress}`);
    await world.ip("new", `route add 10.71.0.0/24 via ${bridgeAddress}`);
    await world.exec("router", "iptables-nft", "-P", "FORWARD", "ACCEPT");
    const said = await world.exec(
      "client",
      process.execPath,
      "-e",
      `require("node:net").connect(${port}, "${targetAddress.new}").once("data", (data) => { process.stdout.write(data); process.exit(); })`,
    );
    expect(said).toBe("new 10.71.0.2\n");
  });

  const rules = () => world.exec("router", "nft", "list", "table", "ip", `cutover-${instance}`);
});

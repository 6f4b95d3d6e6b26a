import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestApp, testApp } from "../../support/app.ts";
import { type IsolatedEngine, isolatedEngine, noIsolation } from "../../support/isolated-engine.ts";
import { missing, startClients } from "../../support/kernel-world.ts";

const lack = noIsolation ?? (await missing());
const outside = `cutover-${process.pid}-outside`;
const engineAddress = "10.73.0.1";
const port = 5_432;

const compose = `
services:
  db:
    image: node:24-slim
    init: true
    environment: {VERSION: "v\${VERSION:-1}"}
    command: [node, -e, "require('net').createServer((s) => { s.on('error', () => {}); s.write(process.env.VERSION + ' ' + s.remoteAddress + '\\\\n'); s.pipe(s); }).listen(3000)"]
    ports: ["${port}:3000"]
    x-cutover: {protocol: tcp, kernel: true}
networks:
  default: {ipam: {config: [{subnet: 10.196.0.0/24}]}}
x-cutover:
  drain: {requests: 500ms, connections: 1s, spread: 0s}
`;

/** With the engine's real firewall, in a network of its own; the clients come from another. */
describe.skipIf(lack !== null)(
  `an installation with kernel-streams${lack === null ? "" : ` (skipped: ${lack})`}`,
  () => {
    let engine: IsolatedEngine;
    let app: TestApp;

    beforeAll(async () => {
      engine = await isolatedEngine({ images: ["node:24-slim"] });
      await execa("ip", ["netns", "add", outside]);
      await inEngine(`ip link add outside type veth peer name eth0 netns ${outside}`);
      await inEngine(`ip addr add ${engineAddress}/24 dev outside`);
      await inEngine("ip link set outside up");
      await execa("ip", `-n ${outside} addr add 10.73.0.2/24 dev eth0`.split(" "));
      await execa("ip", `-n ${outside} link set eth0 up`.split(" "));
      app = await testApp(engine.instance("kernel"));
      await app.edit(() => compose);
    }, 120_000);

    afterAll(async () => {
      await app?.[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
      await execa("ip", ["netns", "delete", outside], { reject: false });
    });

    async function inEngine(command: string): Promise<string> {
      const [enter = "", ...args] = [...engine.enter, ...command.split(" ")];
      return (await execa(enter, args)).stdout;
    }

    it("deploys with no connection lost, and leaves no rule behind", { timeout: 240_000 }, async () => {
      await inEngine("iptables -I DOCKER-USER -s 192.0.2.7 -m conntrack --ctstate NEW -j DROP");
      const before = await inEngine("iptables -S");
      const up = await app.cutover(["up", "--gateway", "kernel-streams=true"]);
      expect(up.stderr + up.stdout, up.stderr).toContain("gateway");
      expect(up.exitCode).toBe(0);
      expect(await app.deploy("1")).toMatchObject({ outcome: "live" });
      expect(await inEngine("nft list table ip cutover-kernel")).toContain(`${port} : 10.196.0.`);
      expect(await inEngine("iptables -S DOCKER-USER")).toMatch(
        /--ctstate NEW -j DROP\n.*--comment cutover-kernel -j ACCEPT\n-A DOCKER-USER -j RETURN$/,
      );

      const { child, events } = startClients(["ip", "netns", "exec", outside], engineAddress, port, 3, 4);
      try {
        const shorts = () => events.filter((event) => event.type === "short");
        await vi.waitFor(() => expect(shorts().length).toBeGreaterThan(50), 20_000);
        const second = await app.deploy("2");
        expect(second).toMatchObject({ outcome: "live" });
        const seen = shorts().length;
        await vi.waitFor(() => expect(shorts().length).toBeGreaterThan(seen + 50), 20_000);
        await vi.waitFor(() => {
          const ended = events.filter((event) => event.type === "longEnded");
          expect(ended.map(({ name }) => name)).toEqual(["v1", "v1", "v1", "v1"]);
        }, 20_000);
        expect(events.filter((event) => event.type === "failed")).toEqual([]);
        const versions = shorts().map(({ name }) => name);
        expect(new Set(versions.slice(seen))).toEqual(new Set(["v2"]));
        expect(new Set(versions)).toEqual(new Set(["v1", "v2"]));
      } finally {
        child.kill("SIGKILL");
      }

      expect((await app.cutover(["up", "--gateway", "kernel-streams="])).exitCode).toBe(0);
      expect(await inEngine("nft list tables")).not.toContain("cutover");
      expect(await inEngine("iptables -S DOCKER-USER")).not.toContain("cutover");

      expect((await app.cutover(["up", "--gateway", "kernel-streams=true"])).exitCode).toBe(0);
      await vi.waitFor(
        async () =>
          expect(await inEngine("nft list table ip cutover-kernel")).toContain(`${port} : 10.196.0.`),
        20_000,
      );
      expect((await app.cutover(["down", "--all", "--yes"])).exitCode).toBe(0);
      expect(await inEngine("nft list tables")).not.toContain("cutover");
      expect(await inEngine("iptables -S")).toBe(before);
    });
  },
);

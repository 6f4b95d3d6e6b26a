/**
 * What a way from a client to a server takes of the processors, in network namespaces of its own: no proxy at all,
 * address translation in the kernel, the gateway's own pass-through, HAProxy's. `node bench/kernel/main.ts [ROUNDS]`,
 * as root, with wrk, nginx and haproxy installed. Prints microseconds of client, proxy and server together for a
 * request, as the scheduler counted them: what the kernel does for a packet falls on whoever sent it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { RoutingTable } from "../../src/model/route.ts";
import { type TestGateway, startGateway } from "../../test/support/gateway.ts";
import { KernelWorld, missing, routerAddress, targetAddress } from "../../test/support/kernel-world.ts";
import { eventually } from "../../test/support/observation.ts";
import { costBetween, costsOf, descendants } from "../dataplane/process-cost.ts";
import { quartilesOf } from "../spread.ts";

const loads = { "keep-alive": [], "a connection for each": ["-H", "Connection: close"] };
const seconds = 3;
const ports = { server: 80, kernel: 5_001, gateway: 5_002, haproxy: 5_003 };

interface Way {
  name: string;
  url: string;
  /** Processes that carry the connections. */
  pids: number[];
}

function table(): RoutingTable {
  const backend = { id: "b@1", app: "b", service: "b", release: 1 };
  const target = { id: "t", address: targetAddress.new, port: ports.server };
  const listener = (name: string, port: number, kernel: boolean) => ({
    ...{ name, host: null, port, protocol: "tcp" as const, kernel },
  });
  return {
    generation: 1,
    listeners: [listener("kernel", ports.kernel, true), listener("gateway", ports.gateway, false)],
    routes: [],
    streams: ["kernel", "gateway"].map((name) => ({
      ...{ id: name, app: "b", listener: name, serverNames: [], backend: backend.id },
    })),
    backends: [{ ...backend, targets: [target] }],
  };
}

async function measure(
  world: KernelWorld,
  server: number,
  way: Way,
  extra: readonly string[],
): Promise<number> {
  const pids = [server, ...(await descendants(server)), ...way.pids];
  const before = await costsOf(pids);
  const wrk = ["wrk", "-t1", "-c32", `-d${seconds}s`, ...extra, way.url];
  const timed = ["bash", "-c", 'TIMEFORMAT="cpu %U %S"; time "$@"', "bash", ...wrk];
  const [command = "", ...args] = world.within("client", ...timed);
  const { stdout, stderr } = await execa(command, args);
  const used = costBetween(before, await costsOf(pids));
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (/Socket errors: connect [1-9]|Non-2xx/.test(stdout)) throw new Error(`${way.name}: ${stdout}`);
  return (used.scheduledNs / 1e3 + (Number(user) + Number(system)) * 1e6) / requests;
}

async function bench(rounds: number, world: KernelWorld, directory: string): Promise<void> {
  const children: ChildProcess[] = [];
  let gateway: TestGateway | null = null;
  const start = (place: string, ...command: string[]) => {
    const [program = "", ...args] = world.within(place, ...command);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    children.push(child);
    return child.pid ?? 0;
  };
  try {
    await writeFile(join(directory, "nginx.conf"), nginxConfiguration(directory));
    await writeFile(join(directory, "haproxy.cfg"), haproxyConfiguration);
    // Where the client closes first its ports would be used up, and the search for a free one be measured.
    for (const place of ["client", "router"])
      await world.exec(place, "sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1");
    await world.ip("client", "route add default via 10.71.0.1");
    await world.ip("new", "route add default via 10.72.0.1");
    await world.exec("router", "iptables-nft", "-P", "FORWARD", "ACCEPT");
    const server = start("new", "nginx", "-p", directory, "-c", join(directory, "nginx.conf"));
    const haproxy = start("router", "haproxy", "-db", "-f", join(directory, "haproxy.cfg"));
    gateway = await startGateway({
      httpPort: 8_080,
      workers: 1,
      settings: { "kernel-streams": "true", "access-log": "off" },
      within: world.within("router"),
    });
    await gateway.put(table());
    const { listeners, workers } = await gateway.status();
    if (!listeners.some(({ kernel }) => kernel)) throw new Error(gateway.log.join("\n"));
    const ways: Way[] = [
      { name: "no proxy", url: `http://${targetAddress.new}:${ports.server}/`, pids: [] },
      { name: "kernel", url: `http://${routerAddress}:${ports.kernel}/`, pids: [] },
      {
        name: "gateway",
        url: `http://${routerAddress}:${ports.gateway}/`,
        pids: workers.map(({ pid }) => pid),
      },
      { name: "haproxy", url: `http://${routerAddress}:${ports.haproxy}/`, pids: [haproxy] },
    ];
    for (const { url } of ways) {
      await eventually(
        () => world.exec("client", "curl", "-sf", url).catch(() => ""),
        (answer) => answer === "ok",
      );
    }
    for (const [load, extra] of Object.entries(loads)) {
      const figures = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round += 1) {
        for (const way of ways) figures.get(way.name)?.push(await measure(world, server, way, extra));
      }
      for (const [name, values] of figures) {
        const { median, low, high } = quartilesOf(values) ?? { median: 0, low: 0, high: 0 };
        const [least, ...rest] = [Math.min(...values), median, low, high].map((value) => value.toFixed(1));
        process.stdout.write(`${load}, ${name}: ${rest[0]} µs (${rest[1]} to ${rest[2]}), least ${least}\n`);
      }
    }
  } finally {
    await gateway?.[Symbol.asyncDispose]();
    for (const child of children) child.kill("SIGTERM");
  }
}

function nginxConfiguration(directory: string): string {
  return `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  server { listen ${ports.server} backlog=4096; location / { return 200 "ok"; } }
}
`;
}

const haproxyConfiguration = `global
  nbthread 1
  maxconn 7000
defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen l
  bind :${ports.haproxy}
  server s ${targetAddress.new}:${ports.server}
`;

const lack = await missing();
if (lack !== null) throw new Error(`this bench can't run here: ${lack}`);
const directory = await mkdtemp(join(tmpdir(), "cutover-kernel-bench-"));
const world = await new KernelWorld().make();
try {
  await bench(Number(process.argv[2] ?? 10), world, directory);
} finally {
  await world[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
}

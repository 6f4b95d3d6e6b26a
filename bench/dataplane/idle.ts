import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Field } from "./field.ts";
import { loads } from "./loads.ts";
import { costBetween, costsOf, ownMiB, residentMiB } from "./process-cost.ts";
import type { RunningProxy, ProxyKind, ProxyName } from "./proxies/proxy.ts";
import { hosts } from "./routes.ts";

export const idleCounts = [1_000, 6_000] as const;

/** What connections without a request cost a proxy. */
export interface IdleSample {
  proxy: ProxyName;
  connections: number;
  round: number;
  /** Resident memory of all its processes before they came, and with them. */
  beforeMiB: number;
  withMiB: number;
  /** Of the process that does most of the work, with them. */
  workerMiB: number;
  /** Of that, what it shares with no other process. */
  workerOwnMiB: number;
  kibPerConnection: number;
  /** Connections that it closed meanwhile. */
  closed: number;
}

const warmSeconds = 1;
/** Memory is read when it has not changed for as long; a collector may still be at work after the last request. */
const settleMs = 300;
const settleWithinMs = 6_000;

/** Starts a fresh proxy, warms it, and opens connections that have had one answer each. */
export async function idleSample(
  field: Field,
  kind: ProxyKind,
  connections: number,
  round: number,
  run: number,
): Promise<IdleSample> {
  const proxy = await kind.start({ field, cpus: field.placement.proxy, workers: 1, run });
  try {
    const pids = await proxy.pids();
    const idle = await costsOf(pids);
    await loads.tiny.play(field, proxy.port, warmSeconds);
    const { busiest } = costBetween(idle, await costsOf(pids));
    const beforeMiB = total(await settledMiB(pids));
    const clients = await openIdle(field, proxy, connections);
    const memory = await settledMiB(pids);
    const [withMiB, workerMiB] = [total(memory), memory[busiest] ?? 0];
    const workerOwnMiB = await ownMiB(pids[busiest] ?? 0);
    const closed = await clients.close();
    const kibPerConnection = ((withMiB - beforeMiB) * 1_024) / connections;
    return {
      proxy: proxy.name,
      connections,
      round,
      beforeMiB,
      withMiB,
      workerMiB,
      workerOwnMiB,
      kibPerConnection,
      closed,
    };
  } finally {
    await proxy.stop();
  }
}

const total = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0);

/** Memory of each process when it has come to rest. */
async function settledMiB(pids: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + settleWithinMs;
  let last = await residentMiB(pids);
  for (;;) {
    await delay(settleMs);
    const now = await residentMiB(pids);
    if (Math.abs(total(now) - total(last)) < 0.1 || performance.now() > deadline) return now;
    last = now;
  }
}

async function openIdle(field: Field, proxy: RunningProxy, connections: number) {
  const host = hosts[0] ?? "";
  const command = [
    "-c",
    field.placement.load,
    field.tools.idle,
    String(proxy.port),
    host,
    String(connections),
  ];
  const child = spawn("taskset", command, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = await lines.next();
  if (ready.value !== "ready")
    throw new Error(`${proxy.name}: ${connections} connections could not be opened`);
  return {
    close: async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      const closed = Number((await lines.next()).value);
      await ended;
      return closed;
    },
  };
}

import { describeHost, type Host } from "../machine.ts";
import { checkProxy, type Missing } from "./check.ts";
import { type Field, setField } from "./field.ts";
import { type IdleSample, idleCounts, idleSample } from "./idle.ts";
import { type LoadName, loads } from "./loads.ts";
import { proxyKinds } from "./proxies/all.ts";
import type { RunningProxy, ProxyName } from "./proxies/proxy.ts";
import { type Sample, takeSample } from "./sample.ts";
import {
  type IdleSummary,
  type LoadSummary,
  type RatioSummary,
  summarizeIdle,
  summarizeLoads,
  summarizeRatios,
  summarizeWorkers,
  type WorkersSummary,
} from "./summary.ts";
import { type WorkersSample, workersSamples } from "./workers.ts";

/** Loads that run on proxies of their own, beside those of `loads`. */
export const specialLoads = ["idle", "two-workers"] as const;
export type AnyLoad = LoadName | (typeof specialLoads)[number];

export interface DataplaneOptions {
  rounds: number;
  /** Length of one run of one load. */
  seconds: number;
  loads: readonly AnyLoad[];
  proxies: readonly ProxyName[];
  signal: AbortSignal;
  say: (line: string) => void;
}

export interface DataplaneReport {
  bench: "dataplane";
  /** ISO 8601. */
  at: string;
  machine: Host;
  versions: Partial<Record<ProxyName, string>>;
  rounds: number;
  seconds: number;
  /** Two workers and their load had the same processors, because there were no others. */
  shared: boolean;
  missing: Partial<Record<ProxyName, Missing>>;
  loads: LoadSummary[];
  ratios: RatioSummary[];
  idle: IdleSummary[];
  workers: WorkersSummary[];
  samples: { loads: Sample[]; idle: IdleSample[]; workers: WorkersSample[] };
}

const own: readonly ProxyName[] = ["gateway", "gateway-net"];
const warmSeconds = 2;
/** Memory is much the same every time, and a run needs a start of its own. */
const mostIdleRounds = 3;
const firstWorkersRun = 1_000;

/** Measures proxies in turns under the same loads. Ends and removes all that it started, also when it fails. */
export async function benchDataplane(options: DataplaneOptions): Promise<DataplaneReport> {
  const { rounds, seconds, proxies, signal } = options;
  const at = new Date().toISOString();
  const machine = describeHost();
  const versions: DataplaneReport["versions"] = {};
  for (const name of proxies) versions[name] = await proxyKinds[name].version();
  await using field = await setField(signal);
  const { samples, missing } = await playLoads(field, options);
  const idle = options.loads.includes("idle") ? await playIdle(field, options) : [];
  const workers = options.loads.includes("two-workers") ? await playWorkers(field, options) : [];
  return {
    bench: "dataplane",
    at,
    machine,
    versions,
    rounds,
    seconds,
    shared: field.placement.shared,
    missing,
    loads: summarizeLoads(samples),
    ratios: summarizeRatios(samples, own),
    idle: summarizeIdle(idle),
    workers: summarizeWorkers(workers),
    samples: { loads: samples, idle, workers },
  };
}

async function playLoads(field: Field, options: DataplaneOptions) {
  const { rounds, seconds, signal, say } = options;
  const names = options.loads.filter((name): name is LoadName => name in loads);
  const missing: DataplaneReport["missing"] = {};
  const samples: Sample[] = [];
  if (names.length === 0) return { samples, missing };
  await using running = new AsyncDisposableStack();
  const proxies: RunningProxy[] = [];
  for (const name of options.proxies) {
    const proxy = await proxyKinds[name].start({ field, cpus: field.placement.proxy, workers: 1, run: 0 });
    running.defer(proxy.stop);
    missing[name] = await checkProxy(proxy);
    say(`${name} answers rightly${missing[name]?.length ? `, without ${missing[name]?.join(", ")}` : ""}`);
    proxies.push(proxy);
  }
  for (const proxy of proxies) {
    for (const name of names) await loads[name].play(field, proxy.port, warmSeconds);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, name] of names.entries()) {
      for (const proxy of rotated(proxies, round + index)) {
        signal.throwIfAborted();
        const sample = await takeSample(field, proxy, loads[name], round, seconds);
        const { cpuMicros, perSecond, p99, errors } = sample;
        say(
          `round ${round} of ${rounds}, ${name}, ${proxy.name}: ${cpuMicros.toFixed(1)} µs, ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(2)} ms, ${errors} errors`,
        );
        samples.push(sample);
      }
    }
  }
  return { samples, missing };
}

/** The values from one of them on, and those before it behind. Pure. */
export function rotated<T>(values: readonly T[], by: number): T[] {
  const at = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}

async function playIdle(field: Field, options: DataplaneOptions): Promise<IdleSample[]> {
  const samples: IdleSample[] = [];
  let run = 1;
  for (let round = 1; round <= Math.min(options.rounds, mostIdleRounds); round += 1) {
    for (const name of rotated(options.proxies, round)) {
      for (const count of idleCounts) {
        options.signal.throwIfAborted();
        const sample = await idleSample(field, proxyKinds[name], count, round, run);
        run += 1;
        options.say(
          `round ${round}, ${count} idle connections, ${name}: ${sample.kibPerConnection.toFixed(1)} KiB each`,
        );
        samples.push(sample);
      }
    }
  }
  return samples;
}

async function playWorkers(field: Field, options: DataplaneOptions): Promise<WorkersSample[]> {
  const samples: WorkersSample[] = [];
  for (const [index, name] of options.proxies.entries()) {
    if (!proxyKinds[name].scales) continue;
    options.say(`${name} with one worker and with two`);
    const run = firstWorkersRun + 10 * index;
    samples.push(...(await workersSamples(field, proxyKinds[name], options.rounds, options.seconds, run)));
  }
  return samples;
}

import type { Field } from "./field.ts";
import type { Load, LoadName } from "./loads.ts";
import { costBetween, costsOf, ownMiB, residentMiB } from "./process-cost.ts";
import { emptyLog, type RunningProxy, type ProxyName } from "./proxies/proxy.ts";
import type { LoadResult } from "./wrk.ts";

/** One run of one load on one proxy. */
export interface Sample extends LoadResult {
  proxy: ProxyName;
  load: LoadName;
  round: number;
  perSecond: number;
  /** Microseconds that the proxy's threads were on a processor, per request; then by the 10 ms ticks of either mode. */
  cpuMicros: number;
  userMicros: number;
  systemMicros: number;
  /** Share of one processor that the proxy used. */
  busy: number;
  /** Resident memory after the run: of all its processes, and of the one that did most of the work. */
  residentMiB: number;
  workerMiB: number;
  /** Of that process, what it shares with no other. */
  workerOwnMiB: number;
}

const tickMicros = 10_000;

/** Plays a load on a proxy and takes its processes' costs before and after. */
export async function takeSample(
  field: Field,
  proxy: RunningProxy,
  load: Load,
  round: number,
  seconds: number,
  cpus?: string,
): Promise<Sample> {
  await emptyLog(proxy);
  const pids = await proxy.pids();
  const before = await costsOf(pids);
  const from = performance.now();
  const result = await load.play(field, proxy.port, seconds, cpus);
  const tookNs = (performance.now() - from) * 1e6;
  const used = costBetween(before, await costsOf(pids));
  const memory = await residentMiB(pids);
  const { requests } = result;
  return {
    ...result,
    proxy: proxy.name,
    load: load.name,
    round,
    perSecond: requests / result.seconds,
    cpuMicros: used.scheduledNs / 1_000 / requests,
    userMicros: (used.userTicks * tickMicros) / requests,
    systemMicros: (used.systemTicks * tickMicros) / requests,
    busy: used.scheduledNs / tookNs,
    residentMiB: memory.reduce((sum, one) => sum + one, 0),
    workerMiB: memory[used.busiest] ?? 0,
    workerOwnMiB: await ownMiB(pids[used.busiest] ?? 0),
  };
}

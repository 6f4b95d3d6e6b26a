import type { Field } from "./field.ts";
import { type LoadName, loads } from "./loads.ts";
import type { ProxyKind, ProxyName, RunningProxy } from "./proxies/proxy.ts";
import { type Sample, takeSample } from "./sample.ts";

/** The same load on a proxy with one worker and on one with two, both on two processors. */
export interface WorkersSample {
  proxy: ProxyName;
  load: LoadName;
  round: number;
  one: Sample;
  two: Sample;
}

export const workerLoads: readonly LoadName[] = ["tiny", "close"];
const warmSeconds = 1;

export async function workersSamples(
  field: Field,
  kind: ProxyKind,
  rounds: number,
  seconds: number,
  run: number,
): Promise<WorkersSample[]> {
  const { twoProxies, loadOfTwo } = field.placement;
  const samples: WorkersSample[] = [];
  await using running = new AsyncDisposableStack();
  const proxies: RunningProxy[] = [];
  for (const workers of [1, 2]) {
    const proxy = await kind.start({ field, cpus: twoProxies, workers, run: run + workers });
    running.defer(proxy.stop);
    await loads.tiny.play(field, proxy.port, warmSeconds, loadOfTwo);
    proxies.push(proxy);
  }
  const [first, second] = proxies;
  if (!first || !second) return samples;
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of workerLoads) {
      const take = (proxy: RunningProxy) => takeSample(field, proxy, loads[name], round, seconds, loadOfTwo);
      const order = round % 2 === 0 ? [first, second] : [second, first];
      const taken = [await take(order[0] ?? first), await take(order[1] ?? second)];
      const [one, two] = round % 2 === 0 ? taken : taken.reverse();
      if (one && two) samples.push({ proxy: kind.name, load: name, round, one, two });
    }
  }
  return samples;
}

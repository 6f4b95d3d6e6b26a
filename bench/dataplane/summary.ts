import { type Quartiles, quartilesOf } from "../spread.ts";
import type { IdleSample } from "./idle.ts";
import type { LoadName } from "./loads.ts";
import type { ProxyName } from "./proxies/proxy.ts";
import type { Sample } from "./sample.ts";
import type { WorkersSample } from "./workers.ts";

/** One proxy under one load, over all rounds. */
export interface LoadSummary {
  load: LoadName;
  proxy: ProxyName;
  errors: number;
  figures: Record<SampleFigure, Quartiles | null>;
}

const sampleFigures = [
  "cpuMicros",
  "userMicros",
  "systemMicros",
  "perSecond",
  "p50",
  "p99",
  "p999",
  "busy",
  "residentMiB",
  "workerMiB",
  "workerOwnMiB",
] as const;
export type SampleFigure = (typeof sampleFigures)[number];

/** The gateway against a rival: the ratio of each round, over all rounds. */
export interface RatioSummary {
  load: LoadName;
  proxy: ProxyName;
  against: ProxyName;
  cpu: Quartiles | null;
  p50: Quartiles | null;
  p99: Quartiles | null;
  p999: Quartiles | null;
}

export interface IdleSummary {
  proxy: ProxyName;
  connections: number;
  beforeMiB: Quartiles | null;
  withMiB: Quartiles | null;
  workerMiB: Quartiles | null;
  workerOwnMiB: Quartiles | null;
  kibPerConnection: Quartiles | null;
  closed: number;
}

/** Two workers against one. `cpu`: per request, two over one; `capacity`: what two processors can do over what one can. */
export interface WorkersSummary {
  proxy: ProxyName;
  load: LoadName;
  cpu: Quartiles | null;
  capacity: Quartiles | null;
  perSecond: Quartiles | null;
  cpuOfOne: Quartiles | null;
  cpuOfTwo: Quartiles | null;
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Pure. */
export function summarizeLoads(samples: readonly Sample[]): LoadSummary[] {
  return unique(samples.map(({ load }) => load)).flatMap((load) =>
    unique(samples.map(({ proxy }) => proxy)).map((proxy) => {
      const own = samples.filter((sample) => sample.load === load && sample.proxy === proxy);
      const figures = sampleFigures.map((figure) => [figure, quartilesOf(own.map((one) => one[figure]))]);
      return {
        load,
        proxy,
        errors: own.reduce((sum, one) => sum + one.errors, 0),
        figures: Object.fromEntries(figures) as LoadSummary["figures"],
      };
    }),
  );
}

/** Ratios of each proxy in `of` to every other that is not in it. Pure. */
export function summarizeRatios(samples: readonly Sample[], of: readonly ProxyName[]): RatioSummary[] {
  const proxies = unique(samples.map(({ proxy }) => proxy));
  const rivals = proxies.filter((proxy) => !of.includes(proxy));
  const own = proxies.filter((proxy) => of.includes(proxy));
  return unique(samples.map(({ load }) => load)).flatMap((load) =>
    own.flatMap((proxy) =>
      rivals.map((against) => {
        const over = (figure: SampleFigure) => quartilesOf(ratios(samples, load, proxy, against, figure));
        return {
          load,
          proxy,
          against,
          cpu: over("cpuMicros"),
          p50: over("p50"),
          p99: over("p99"),
          p999: over("p999"),
        };
      }),
    ),
  );
}

/** Of rounds that both were measured in. */
function ratios(
  samples: readonly Sample[],
  load: LoadName,
  proxy: ProxyName,
  against: ProxyName,
  figure: SampleFigure,
): number[] {
  const of = (name: ProxyName) =>
    new Map(
      samples
        .filter((sample) => sample.load === load && sample.proxy === name)
        .map((sample) => [sample.round, sample[figure]]),
    );
  const others = of(against);
  return [...of(proxy)].flatMap(([round, value]) => {
    const other = others.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

/** Pure. */
export function summarizeIdle(samples: readonly IdleSample[]): IdleSummary[] {
  return unique(samples.map(({ connections }) => connections)).flatMap((connections) =>
    unique(samples.map(({ proxy }) => proxy)).map((proxy) => {
      const own = samples.filter((sample) => sample.proxy === proxy && sample.connections === connections);
      return {
        proxy,
        connections,
        beforeMiB: quartilesOf(own.map((one) => one.beforeMiB)),
        withMiB: quartilesOf(own.map((one) => one.withMiB)),
        workerMiB: quartilesOf(own.map((one) => one.workerMiB)),
        workerOwnMiB: quartilesOf(own.map((one) => one.workerOwnMiB)),
        kibPerConnection: quartilesOf(own.map((one) => one.kibPerConnection)),
        closed: own.reduce((sum, one) => sum + one.closed, 0),
      };
    }),
  );
}

/** Pure. */
export function summarizeWorkers(samples: readonly WorkersSample[]): WorkersSummary[] {
  return unique(samples.map(({ load }) => load)).flatMap((load) =>
    unique(samples.map(({ proxy }) => proxy)).map((proxy) => {
      const own = samples.filter((sample) => sample.load === load && sample.proxy === proxy);
      return {
        proxy,
        load,
        cpu: quartilesOf(own.map(({ one, two }) => two.cpuMicros / one.cpuMicros)),
        capacity: quartilesOf(own.map(({ one, two }) => (2 * one.cpuMicros) / two.cpuMicros)),
        perSecond: quartilesOf(own.map(({ one, two }) => two.perSecond / one.perSecond)),
        cpuOfOne: quartilesOf(own.map(({ one }) => one.cpuMicros)),
        cpuOfTwo: quartilesOf(own.map(({ two }) => two.cpuMicros)),
      };
    }),
  );
}

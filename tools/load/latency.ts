import type { Latency } from "../../src/model/receipt.ts";
import type { RequestRecord } from "./record.ts";

/** Latencies in milliseconds, with the tail a switch shows in. */
export interface TailLatency extends Latency {
  p999: number | null;
}

/** The value that a share `q` of the ascending values does not exceed (nearest rank); null for none. */
export function quantile(ascending: readonly number[], q: number): number | null {
  const rank = Math.max(0, Math.ceil(q * ascending.length) - 1);
  return ascending[rank] ?? null;
}

/** From when a request was due to the head of its answer; failed requests are counted but have no latency. */
export function latencyOf(records: readonly RequestRecord[]): TailLatency {
  const good = records.filter((record) => record.error === null && record.head !== null);
  const ms = good.map((record) => ((record.head ?? record.end) - record.due) / 1000).sort((a, b) => a - b);
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1000) / 1000);
  return {
    requests: records.length,
    failures: records.filter((record) => record.error !== null).length,
    p50: round(quantile(ms, 0.5)),
    p99: round(quantile(ms, 0.99)),
    p999: round(quantile(ms, 0.999)),
    max: round(ms.at(-1) ?? null),
  };
}

import type { StatBucket } from "../model/gateway-api.ts";
import type { Latency, Receipt } from "../model/receipt.ts";
import { merge, quantile } from "./histogram.ts";

export interface ReceiptInput
  extends Omit<Receipt, "requests" | "failures" | "byRelease" | "before" | "during" | "after"> {
  buckets: StatBucket[];
}

/**
 * A deployment's receipt from the gateway's per-second counts. `during` is the second of the switch and one on
 * either side; `before` and `after` are what lies outside it.
 */
export function makeReceipt(input: ReceiptInput): Receipt {
  const { buckets, ...rest } = input;
  const switchSecond = Math.floor(input.switchedAt / 1000);
  return {
    ...rest,
    requests: sum(buckets, (b) => b.requests),
    failures: sum(buckets, (b) => b.failures),
    byRelease: byRelease(buckets),
    before: latency(buckets.filter((b) => b.second < switchSecond - 1)),
    during: latency(buckets.filter((b) => Math.abs(b.second - switchSecond) <= 1)),
    after: latency(buckets.filter((b) => b.second > switchSecond + 1)),
  };
}

function byRelease(buckets: StatBucket[]): Receipt["byRelease"] {
  const releases = new Map<number, { release: number; requests: number; firstAt: number; lastAt: number }>();
  for (const b of buckets) {
    const known = releases.get(b.release);
    if (!known) {
      releases.set(b.release, {
        release: b.release,
        requests: b.requests,
        firstAt: b.firstAt,
        lastAt: b.lastAt,
      });
      continue;
    }
    known.requests += b.requests;
    known.firstAt = Math.min(known.firstAt, b.firstAt);
    known.lastAt = Math.max(known.lastAt, b.lastAt);
  }
  return [...releases.values()].sort((a, b) => a.firstAt - b.firstAt);
}

function latency(buckets: StatBucket[]): Latency {
  const histogram = merge(...buckets.map((b) => b.latency));
  return {
    requests: sum(buckets, (b) => b.requests),
    failures: sum(buckets, (b) => b.failures),
    p50: quantile(histogram, 0.5),
    p99: quantile(histogram, 0.99),
    max: quantile(histogram, 1),
  };
}

function sum(buckets: StatBucket[], of: (bucket: StatBucket) => number): number {
  return buckets.reduce((total, bucket) => total + of(bucket), 0);
}

import type { StatBucket } from "../model/gateway-api.ts";
import { merge } from "../observe/histogram.ts";

/** A bucket with the app that it belongs to. */
export interface AppBucket extends StatBucket {
  app: string;
}

/** How long buckets are kept. */
export const keepStatsMs = 15 * 60_000;

/** What workers have counted, by app, release and second of the requests' start. */
export class Stats {
  readonly #buckets = new Map<string, AppBucket>();

  add(bucket: AppBucket): void {
    const key = `${bucket.second} ${bucket.release} ${bucket.app}`;
    const known = this.#buckets.get(key);
    if (!known) {
      this.#buckets.set(key, { ...bucket });
      return;
    }
    known.requests += bucket.requests;
    known.failures += bucket.failures;
    known.latency = merge(known.latency, bucket.latency);
    known.firstAt = Math.min(known.firstAt, bucket.firstAt);
    known.lastAt = Math.max(known.lastAt, bucket.lastAt);
  }

  /** Buckets of an app from a time on (milliseconds since the epoch), oldest first. */
  of(app: string, fromMs: number): StatBucket[] {
    const from = Math.floor(fromMs / 1_000);
    return [...this.#buckets.values()]
      .filter((bucket) => bucket.app === app && bucket.second >= from)
      .sort((a, b) => a.second - b.second || a.release - b.release)
      .map(({ app: _, ...bucket }) => ({ ...bucket, latency: merge(bucket.latency) }));
  }

  /** Forgets buckets older than `keepStatsMs`. */
  forget(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.second * 1_000 < now - keepStatsMs) this.#buckets.delete(key);
    }
  }
}

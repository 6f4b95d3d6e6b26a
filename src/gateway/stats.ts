import type { StatBucket } from "../model/gateway-api.ts";
import { indexOf, merge } from "../observe/histogram.ts";

/** A bucket with the app that it belongs to. */
export interface AppBucket extends StatBucket {
  app: string;
}

/** Who answered a request, and when it started (milliseconds since the epoch). */
export interface Answered {
  app: string;
  release: number;
  startedAt: number;
}

/** How long buckets are kept. */
export const keepStatsMs = 15 * 60_000;

/** Counts of requests by app, release and second of their start. */
export class Stats {
  #buckets = new Map<string, AppBucket>();

  get isEmpty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Counts a request; `latencyMs` is the time to the response's head, null when the client left before it. */
  request(answered: Answered, latencyMs: number | null): void {
    this.add({
      app: answered.app,
      second: Math.floor(answered.startedAt / 1_000),
      release: answered.release,
      requests: 1,
      failures: 0,
      latency: latencyMs === null ? [] : [[indexOf(latencyMs), 1]],
      firstAt: answered.startedAt,
      lastAt: answered.startedAt,
    });
  }

  /** Marks a request that was counted as failed. */
  failure(answered: Answered): void {
    const { app, release, startedAt } = answered;
    const second = Math.floor(startedAt / 1_000);
    const bucket = { app, second, release, requests: 0, failures: 1, latency: [] };
    this.add({ ...bucket, firstAt: startedAt, lastAt: startedAt });
  }

  add(bucket: AppBucket): void {
    const key = `${bucket.second} ${bucket.release} ${bucket.app}`;
    const known = this.#buckets.get(key);
    if (!known) {
      this.#buckets.set(key, { ...bucket });
      return;
    }
    known.requests += bucket.requests;
    known.failures += bucket.failures;
    known.latency = addLatency(known.latency, bucket.latency);
    known.firstAt = Math.min(known.firstAt, bucket.firstAt);
    known.lastAt = Math.max(known.lastAt, bucket.lastAt);
  }

  /** All buckets, and none are left. */
  take(): AppBucket[] {
    const taken = [...this.#buckets.values()];
    this.#buckets = new Map();
    return taken;
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

function addLatency(known: [number, number][], more: [number, number][]): [number, number][] {
  const only = more[0];
  if (!only || more.length > 1) return merge(known, more);
  const found = known.find(([index]) => index === only[0]);
  if (found) found[1] += only[1];
  else known.push([only[0], only[1]]);
  return known;
}

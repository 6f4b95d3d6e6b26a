import { indexOf } from "../observe/histogram.ts";
import type { AppBucket } from "./stats.ts";

/** Buckets of the histogram below 17 s; longer latencies are counted apart. */
const denseBuckets = 640;

/** Counts of the requests of one release in one second of their start. */
export class Accumulator {
  readonly app: string;
  readonly release: number;
  /** Seconds since the epoch. */
  readonly second: number;
  /** It is not asked for its counts any more. */
  retired = false;
  requests = 0;
  failures = 0;
  firstAt = 0;
  lastAt = 0;
  readonly #latency = new Uint32Array(denseBuckets);
  readonly #long = new Map<number, number>();

  constructor(app: string, release: number, second: number) {
    this.app = app;
    this.release = release;
    this.second = second;
  }

  /** @param latencyMs time to the response's head; negative when the client left before it */
  request(startedAt: number, latencyMs: number): void {
    if (this.requests === 0) this.firstAt = startedAt;
    this.requests += 1;
    if (startedAt > this.lastAt) this.lastAt = startedAt;
    if (startedAt < this.firstAt) this.firstAt = startedAt;
    if (latencyMs < 0) return;
    const index = indexOf(latencyMs);
    if (index < denseBuckets) this.#latency[index] = (this.#latency[index] as number) + 1;
    else this.#long.set(index, (this.#long.get(index) ?? 0) + 1);
  }

  /** The counts, and nothing is left; null when nothing was counted. */
  take(): AppBucket | null {
    if (this.requests === 0 && this.failures === 0) return null;
    const { app, release, second, requests, failures, firstAt, lastAt } = this;
    const latency: [number, number][] = [];
    for (let index = 0; index < denseBuckets; index += 1) {
      const count = this.#latency[index] as number;
      if (count > 0) latency.push([index, count]);
    }
    for (const entry of this.#long) latency.push(entry);
    this.requests = 0;
    this.failures = 0;
    this.#latency.fill(0);
    this.#long.clear();
    const began = second * 1_000;
    return {
      app,
      release,
      second,
      requests,
      failures,
      latency,
      firstAt: firstAt || began,
      lastAt: lastAt || began,
    };
  }
}

/** What counts for a destination. */
export interface Counted {
  readonly backend: { readonly app: string; readonly release: number };
  counts: Accumulator | null;
}

/** The accumulators of one worker. */
export class RequestStats {
  #open = new Map<string, Accumulator>();

  /** Counts a request that started at this time (milliseconds since the epoch). */
  request(of: Counted, startedAt: number, latencyMs: number): void {
    this.#at(of, startedAt).request(startedAt, latencyMs);
  }

  /** Marks a request that was counted as failed. */
  failure(of: Counted, startedAt: number): void {
    this.#at(of, startedAt).failures += 1;
  }

  /** Everything counted since the last time. */
  take(): AppBucket[] {
    const taken = [...this.#open.values()].flatMap((one) => one.take() ?? []);
    const newest = Math.max(0, ...taken.map((bucket) => bucket.second));
    // What is older by minutes belongs to requests that are long over; a later one opens it again.
    for (const [key, one] of this.#open) {
      if (one.second >= newest - 120) continue;
      one.retired = true;
      this.#open.delete(key);
    }
    return taken;
  }

  #at(of: Counted, startedAt: number): Accumulator {
    const second = Math.floor(startedAt / 1_000);
    const known = of.counts;
    if (known !== null && known.second === second && !known.retired) return known;
    const { app, release } = of.backend;
    const key = `${second} ${release} ${app}`;
    let found = this.#open.get(key);
    if (found === undefined) {
      found = new Accumulator(app, release, second);
      this.#open.set(key, found);
    }
    of.counts = found;
    return found;
  }
}

import { describe, expect, it } from "vitest";
import { Accumulator, type Counted, RequestStats } from "../../../src/gateway/request-stats.ts";
import { indexOf } from "../../../src/observe/histogram.ts";

const release = (number: number): Counted => ({ backend: { app: "shop", release: number }, counts: null });
const second = 1_700_000_000;
const at = (seconds: number, ms = 0) => (second + seconds) * 1_000 + ms;

describe("the statistics of requests", () => {
  it("count what was put in: by release and second of the start, with its latencies", () => {
    const stats = new RequestStats();
    const one = release(1);
    const two = release(2);
    for (let count = 0; count < 10; count += 1) stats.request(one, at(0, count * 50), 5);
    stats.request(one, at(1), 5);
    stats.request(two, at(0), 20_000);
    stats.request(two, at(0, 7), -1);
    stats.failure(two, at(0, 7));
    const buckets = stats.take().sort((a, b) => a.release - b.release || a.second - b.second);
    expect(buckets).toEqual([
      {
        app: "shop",
        release: 1,
        second,
        requests: 10,
        failures: 0,
        latency: [[indexOf(5), 10]],
        firstAt: at(0),
        lastAt: at(0, 450),
      },
      {
        app: "shop",
        release: 1,
        second: second + 1,
        requests: 1,
        failures: 0,
        latency: [[indexOf(5), 1]],
        firstAt: at(1),
        lastAt: at(1),
      },
      {
        app: "shop",
        release: 2,
        second,
        requests: 2,
        failures: 1,
        latency: [[indexOf(20_000), 1]],
        firstAt: at(0),
        lastAt: at(0, 7),
      },
    ]);
  });

  it("give everything away once, and go on", () => {
    const stats = new RequestStats();
    const of = release(1);
    stats.request(of, at(0, 10), 1);
    expect(stats.take()).toHaveLength(1);
    expect(stats.take()).toEqual([]);
    stats.request(of, at(0, 20), 2);
    expect(stats.take()).toMatchObject([{ requests: 1, latency: [[indexOf(2), 1]], firstAt: at(0, 20) }]);
  });

  it("lose nothing of a request that comes late, also after its second was given away long ago", () => {
    const stats = new RequestStats();
    const of = release(1);
    let requests = 0;
    for (const seconds of [0, 200, 0, 400, 1, 0]) {
      stats.request(of, at(seconds), 1);
      for (const bucket of stats.take()) requests += bucket.requests;
    }
    expect(requests).toBe(6);
  });

  it("lose no failure of a request that went on for minutes, while another release had requests", () => {
    const stats = new RequestStats();
    const old = release(1);
    stats.request(old, at(0), 1);
    stats.request(release(2), at(300), 1);
    stats.take();
    stats.failure(old, at(0));
    expect(stats.take()).toMatchObject([{ release: 1, second, failures: 1 }]);
  });

  it("add up to all latencies, short and long", () => {
    const accumulator = new Accumulator("shop", 1, second);
    const latencies = [0, 0.001, 1, 16.9, 999, 17_000, 60_000, 60_000, 86_400_000];
    for (const latency of latencies) accumulator.request(at(0), latency);
    const taken = accumulator.take();
    expect(taken?.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(latencies.length);
    for (const latency of latencies) {
      expect(taken?.latency.some(([index]) => index === indexOf(latency))).toBe(true);
    }
  });

  it("tell of failures whose requests were given away before", () => {
    const stats = new RequestStats();
    const of = release(1);
    stats.request(of, at(0), 1);
    stats.take();
    stats.failure(of, at(0));
    expect(stats.take()).toMatchObject([{ requests: 0, failures: 1, firstAt: at(0), lastAt: at(0) }]);
  });
});

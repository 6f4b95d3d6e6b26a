import { describe, expect, it } from "vitest";
import { indexOf } from "../../../src/observe/histogram.ts";
import { makeReceipt } from "../../../src/observe/receipt.ts";

function bucket(second: number, release: number, ms: number, count: number, failures = 0) {
  const latency: [number, number][] = [[indexOf(ms), count]];
  return {
    second,
    release,
    requests: count,
    failures,
    latency,
    firstAt: second * 1000,
    lastAt: second * 1000 + 900,
  };
}

const fixed = {
  deployment: "d1",
  app: "shop",
  release: 2,
  previous: 1,
  startedAt: 95_000,
  switchedAt: 100_400,
  endedAt: 110_000,
  stepMs: {},
  firstGoodToSwitchMs: 40,
  drained: { requests: 0, connections: 0, cutRequests: 0, closedConnections: 0 },
  workers: 2,
};

describe("makeReceipt", () => {
  it("splits at the switch and adds up by release", () => {
    const receipt = makeReceipt({
      ...fixed,
      buckets: [bucket(97, 1, 2, 10), bucket(100, 1, 3, 4), bucket(100, 2, 9, 6, 1), bucket(105, 2, 2, 20)],
    });
    expect(receipt.requests).toBe(40);
    expect(receipt.failures).toBe(1);
    expect([receipt.before.requests, receipt.during.requests, receipt.after.requests]).toEqual([10, 10, 20]);
    expect(receipt.byRelease.map((r) => [r.release, r.requests, r.lastAt])).toEqual([
      [1, 14, 100_900],
      [2, 26, 105_900],
    ]);
    expect(receipt.during.p99).toBeGreaterThanOrEqual(9);
    expect(receipt.before.max).toBeLessThan(3);
  });

  it("says null, not zero, where there was no request", () => {
    const receipt = makeReceipt({ ...fixed, buckets: [] });
    expect(receipt.during).toEqual({ requests: 0, failures: 0, p50: null, p99: null, max: null });
  });
});

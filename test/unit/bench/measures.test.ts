import { describe, expect, it } from "vitest";
import { latencies, p999, seen } from "../../../bench/deploy/measures.ts";
import { stageTimes } from "../../../bench/deploy/timeline.ts";
import { spreadOf, spreadOfKnown } from "../../../bench/spread.ts";
import type { Receipt } from "../../../src/model/receipt.ts";
import type { RequestRecord } from "../../../tools/load/record.ts";

/** A request by its times in milliseconds. */
function request(dueMs: number, headMs: number, version: string | null, more: Partial<RequestRecord> = {}) {
  const [due, head] = [dueMs * 1000, headMs * 1000];
  const error = version === null ? "ECONNREFUSED" : null;
  const record: RequestRecord = {
    kind: "keepalive",
    connection: 1,
    due,
    start: due,
    head: error ? null : head,
    end: head,
    version,
    status: error ? null : 200,
    error,
    ...more,
  };
  return record;
}

describe("seen", () => {
  it("counts failures, and times the first answer of the new and the last of the old from the command", () => {
    const records = [
      request(900, 910, "1"),
      request(1_010, 1_020, "1"),
      request(1_050, 1_060, null),
      request(1_040, 3_000, "1", { kind: "slow" }),
      request(1_290, 1_300, "2"),
      request(1_310, 1_320, "2"),
    ];
    expect(seen(records, 1_000, "2")).toEqual({
      requests: 6,
      failed: 1,
      firstNewMs: 300,
      lastOldShortMs: 20,
      lastOldMs: 2_000,
      silenceMs: 280,
      backwards: 0,
    });
  });

  it("knows a request sent after the new release had answered that the old one still answered", () => {
    const records = [request(1_100, 1_110, "2"), request(1_111, 1_120, "1"), request(1_105, 1_120, "1")];
    expect(seen(records, 1_000, "2").backwards).toBe(1);
  });

  it("has no time where there was no answer", () => {
    const { firstNewMs, lastOldShortMs, lastOldMs } = seen([request(1_000, 1_010, null)], 1_000, "2");
    expect([firstNewMs, lastOldShortMs, lastOldMs]).toEqual([null, null, null]);
  });
});

describe("latencies", () => {
  const records = Array.from({ length: 80 }, (_, i) => request(i * 100, i * 100 + (i === 60 ? 50 : 5), "1"));

  it("takes the second around the switch, and the whole seconds before the command but for the warm-up", () => {
    const { steady, around } = latencies(records, 4_000, 6_000);
    expect(around).toHaveLength(10);
    expect(Math.max(...around)).toBe(50);
    expect(steady.map((second) => second.length)).toEqual([10, 10, 10]);
  });

  it("leaves out slow and failed requests", () => {
    const others = [request(2_000, 9_000, "1", { kind: "slow" }), request(2_000, 2_001, null)];
    expect(latencies([...records, ...others], 4_000, 6_000).steady.flat()).toHaveLength(30);
  });
});

describe("statistics", () => {
  it("takes the value that 99.9 % do not exceed", () => {
    expect(p999(Array.from({ length: 2_000 }, (_, i) => 2_000 - i))).toBe(1_998);
    expect(p999([])).toBeNull();
  });

  it("takes the middle, or the mean of the two in the middle", () => {
    expect(spreadOf([9, 1, 4])).toEqual({ median: 4, min: 1, max: 9, count: 3 });
    expect(spreadOfKnown([4, null, 1, undefined, 2, 9])).toEqual({ median: 3, min: 1, max: 9, count: 4 });
    expect(spreadOf([])).toBeNull();
  });
});

describe("stageTimes", () => {
  const receipt = { switchedAt: 2_000 } as Receipt;
  const times = { receipt, startedAt: 1_600, firstGoodAt: 1_750 };

  it("cuts the time from command to switch into stages without a gap", () => {
    const stages = stageTimes(1_000, {
      ...times,
      events: [
        {
          at: 1_200,
          type: "begun",
          app: "a",
          deployment: "d",
          kind: "deploy",
          colour: "green",
          previous: null,
        },
        { at: 1_250, type: "release", release: 2, fingerprint: "f" },
        { at: 1_900, type: "step", step: "ready", status: "done", ms: 1, detail: null },
      ],
    });
    expect(stages).toEqual({ command: 200, prepare: 50, compose: 350, boot: 150, ready: 150, switch: 100 });
  });

  it("knows no stages when an event is missing", () => {
    expect(stageTimes(1_000, { ...times, events: [] })).toBeNull();
  });
});

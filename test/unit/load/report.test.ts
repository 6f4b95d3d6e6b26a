import { describe, expect, test } from "vitest";
import { quantile } from "../../../tools/load/latency.ts";
import type { RequestRecord } from "../../../tools/load/record.ts";
import { type Observations, report } from "../../../tools/load/report.ts";

const second = 1_000_000;

function at(startSeconds: number, ms: number, fields: Partial<RequestRecord> = {}): RequestRecord {
  const start = startSeconds * second;
  const head = start + ms * 1000;
  return {
    kind: "keepalive",
    connection: 1,
    due: start,
    start,
    head,
    end: head,
    version: "1",
    status: 200,
    error: null,
    ...fields,
  };
}

function seen(records: RequestRecord[], closings: Observations["closings"] = []): Observations {
  return {
    startedAt: 0,
    endedAt: 60_000,
    records,
    closings,
    opened: { keepalive: 1 },
    messages: { websocket: { sent: 0, echoed: 0, unanswered: 0 }, sse: { events: 0, missed: 0 } },
  };
}

describe("quantile", () => {
  test("is the nearest rank", () => {
    const values = Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(quantile(values, 0.5)).toBe(500);
    expect(quantile(values, 0.999)).toBe(999);
    expect(quantile([7], 0.5)).toBe(7);
    expect(quantile([], 0.5)).toBeNull();
  });
});

describe("report", () => {
  test("counts failures, and their latency nowhere", () => {
    const result = report(seen([at(2, 1), at(3, 900, { error: "ECONNRESET", version: null })]), [], null);
    expect(result).toMatchObject({ requests: 2, failures: 1, failed: [{ error: "ECONNRESET" }] });
    expect(result.byKind.keepalive).toMatchObject({ requests: 2, failures: 1, max: 1 });
  });

  test("splits latencies at a mark, up to the marks beside it, without the warm-up and the long requests", () => {
    const records = [
      at(0.2, 80),
      at(5, 1),
      at(9.6, 40),
      at(10.4, 30),
      at(12, 2),
      at(12, 2000, { kind: "slow" }),
      at(21, 3),
    ];
    const marks = [
      { name: "second", at: 20_000 },
      { name: "first", at: 10_000 },
    ];
    const [first, last] = report(seen(records), marks, null).marks;
    expect(first).toMatchObject({ name: "first", before: { requests: 1, max: 1 } });
    expect(first).toMatchObject({ during: { requests: 2, max: 40 }, after: { requests: 1, max: 2 } });
    expect(last).toMatchObject({ before: { requests: 1, max: 2 }, during: { requests: 0, p99: null } });
    expect(last).toMatchObject({ after: { requests: 1, max: 3 } });
  });

  test("says when each version answered first and last", () => {
    const records = [at(5, 1, { version: "2" }), at(1, 1), at(4, 3)];
    expect(report(seen(records), [], null).byVersion).toEqual([
      { version: "1", requests: 2, firstAt: 1001, lastAt: 4003 },
      { version: "2", requests: 1, firstAt: 5001, lastAt: 5001 },
    ]);
  });

  test("says how long after the last mark in its life a connection was closed", () => {
    const closing = {
      kind: "websocket",
      connection: 1,
      version: "1",
      openedAt: 1 * second,
      closedAt: 30 * second,
      byServer: true,
      clean: true,
      code: 1001,
      messages: 3,
    } as const;
    const young = { ...closing, openedAt: 25 * second };
    const { closings } = report(seen([], [closing, young]), [{ name: "switch", at: 20_000 }], null);
    expect(closings).toMatchObject([
      { ageMs: 29_000, sinceMarkMs: 10_000 },
      { ageMs: 5_000, sinceMarkMs: null },
    ]);
  });
});

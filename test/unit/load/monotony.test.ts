import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regressions } from "../../../tools/load/monotony.ts";
import type { RequestRecord } from "../../../tools/load/record.ts";

function answered(version: string, start: number, head: number): RequestRecord {
  return {
    kind: "keepalive",
    connection: 1,
    due: start,
    start,
    head,
    end: head,
    version,
    status: 200,
    error: null,
  };
}

describe("regressions", () => {
  test("a request sent after the new version answered must not get the old one", () => {
    const records = [answered("1", 0, 10), answered("2", 20, 30), answered("1", 31, 40)];
    expect(regressions(records, null)).toMatchObject([{ version: "1", after: "2", start: 31, lateBy: 1 }]);
  });

  test("requests that overlap may be answered in either order", () => {
    const records = [
      answered("1", 0, 10),
      answered("2", 20, 30),
      answered("1", 30, 40),
      answered("1", 19, 90),
    ];
    expect(regressions(records, null)).toEqual([]);
  });

  test("a declared rollback is no regression, going forth again undeclared is", () => {
    const records = [answered("1", 0, 1), answered("2", 2, 3), answered("1", 4, 5)];
    expect(regressions(records, ["1", "2", "1"])).toEqual([]);
    expect(regressions([...records, answered("2", 6, 7)], ["1", "2", "1"])).toMatchObject([
      { version: "2", after: "1" },
    ]);
  });

  test("a version nobody declared is found", () => {
    expect(regressions([answered("3", 0, 1)], ["1", "2"])).toMatchObject([{ version: "3" }]);
  });

  test("requests without an answer say nothing", () => {
    const failed = { ...answered("1", 50, 60), head: null, version: null, error: "ECONNRESET" };
    expect(regressions([answered("2", 0, 1), failed], null)).toEqual([]);
  });

  test("property: a server that switches at one instant never regresses; one late old answer is always found", () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 1000 }), (drawn, at) => {
        const records = drawn.map(([start, took]) => answered(start >= at ? "2" : "1", start, start + took));
        expect(regressions(records, ["1", "2"])).toEqual([]);
        const newest = records.filter((record) => record.version === "2");
        if (newest.length === 0) return;
        const proven = Math.min(...newest.map((record) => record.head ?? 0));
        const late = answered("1", proven + 1, proven + 2);
        expect(regressions([...records, late], ["1", "2"])).toHaveLength(1);
      }),
    );
  });
});

import { describe, expect, test } from "vitest";
import type { Scene } from "../../../tools/demo/scene.ts";
import { type Evidence, verdict } from "../../../tools/demo/verdict.ts";
import type { RequestRecord } from "../../../tools/load/record.ts";
import { report } from "../../../tools/load/report.ts";

function scene(title: string, outcome: "live" | "refused", exitCode: number): Scene {
  return {
    title,
    typed: "cutover deploy",
    expected: { outcome, exitCode },
    exitCode,
    ms: 1,
    outcome: { at: 0, type: "outcome", outcome, release: 1, error: null, receipt: null },
    error: null,
    switchedAt: null,
  };
}

function answered(version: string, at: number, error: string | null = null): RequestRecord {
  const times = { due: at, start: at, head: at + 1, end: at + 1 };
  return { kind: "keepalive", connection: 1, ...times, version, status: 200, error };
}

function loadOf(records: RequestRecord[]) {
  const messages = {
    websocket: { sent: 0, echoed: 0, unanswered: 0 },
    sse: { events: 0, missed: 0 },
  };
  return report(
    { startedAt: 0, endedAt: 1, records, closings: [], opened: {}, messages },
    [],
    ["1", "2", "1"],
  );
}

const sound: Evidence = {
  scenes: [scene("release 2", "live", 0), scene("release 3", "refused", 3)],
  load: loadOf([answered("1", 0), answered("2", 10), answered("1", 20)]),
  containers: { before: ["web a 1"], after: ["web a 1"] },
  databaseStarts: 1,
};

const bad = (evidence: Partial<Evidence>) =>
  verdict({ ...sound, ...evidence })
    .filter((finding) => !finding.good)
    .map((finding) => finding.what);

describe("verdict", () => {
  test("is good in all when all was as promised", () => {
    expect(bad({})).toEqual([]);
  });

  test.each<[string, Partial<Evidence>, RegExp]>([
    ["a failed request", { load: loadOf([answered("1", 0, "ECONNRESET")]) }, /1 failed/],
    [
      "an older answer after a newer one",
      { load: loadOf([answered("1", 0), answered("2", 10), answered("1", 20), answered("2", 30)]) },
      /1 requests answered by an older release/,
    ],
    ["a restarted container", { containers: { before: ["web a 1"], after: ["web a 2"] } }, /changed/],
    ["no container at all", { containers: { before: [], after: [] } }, /containers/],
    ["a database started twice", { databaseStarts: 2 }, /2 times/],
    [
      "a bad release that went live",
      { scenes: [{ ...scene("release 3", "live", 0), expected: { outcome: "refused", exitCode: 3 } }] },
      /release 3: live/,
    ],
    [
      "a command that ended without an outcome",
      { scenes: [{ ...scene("release 2", "live", 0), outcome: null, exitCode: 6 }] },
      /without an outcome \(exit code 6\)/,
    ],
  ])("%s is found", (_name, evidence, what) => {
    expect(bad(evidence)).toHaveLength(1);
    expect(bad(evidence)[0]).toMatch(what);
  });
});

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { soak } from "../../../bench/soak/soak.ts";
import type { Mix } from "../../../tools/load/load.ts";

const entry = fileURLToPath(new URL("../../../src/gateway/main.ts", import.meta.url));

/** Every kind of request, few enough for a machine that has other things to do. */
const mix: Mix = {
  keepalive: { connections: 8, rate: 80 },
  close: { lanes: 2, rate: 20 },
  post: { connections: 4, rate: 40, bytes: 4_096 },
  slow: { lanes: 4, ms: 1_000 },
  websocket: { connections: 4, everyMs: 100 },
  sse: { connections: 4 },
  download: { lanes: 1, mb: 10, pauseMs: 500 },
};

test("mixed load over switches: no request fails, no version goes back, nothing is left", async () => {
  const report = await soak({
    entry,
    phases: 2,
    switchesPerPhase: 6,
    everyMs: 700,
    mix,
    signal: AbortSignal.timeout(100_000),
    say: () => undefined,
  });
  expect(report.problems).toEqual([]);
  for (const { load, pipelined, drains, switchMs } of report.phases) {
    expect(switchMs).toHaveLength(7);
    expect(Object.keys(load.byKind).sort()).toEqual(Object.keys(mix).sort());
    expect(pipelined.answers).toBeGreaterThan(0);
    expect(drains.closedConnections).toBeGreaterThan(0);
    expect(load.messages.websocket.echoed).toBeGreaterThan(0);
  }
});

import { describe, expect, test } from "vitest";
import type { CliEvent, CliEventBody } from "../../../src/cli/event.ts";
import { renderError } from "../../../src/cli/render/error.ts";
import { jsonReporter } from "../../../src/cli/render/json.ts";
import { plainReporter } from "../../../src/cli/render/plain.ts";
import { advance, startProgress } from "../../../src/cli/render/progress.ts";
import { progressLines } from "../../../src/cli/render/progress-lines.ts";
import { showAge, showLatency, showMs } from "../../../src/cli/render/quantity.ts";
import { renderReceipt } from "../../../src/cli/render/receipt.ts";
import { styleOf } from "../../../src/cli/render/style.ts";
import { table, wrap } from "../../../src/cli/render/table.ts";
import type { DeploymentEventBody } from "../../../src/model/events.ts";
import type { Receipt } from "../../../src/model/receipt.ts";

const plainStyle = styleOf({ write() {} }, {});
const t0 = 1_700_000_000_000;

const receipt: Receipt = {
  deployment: "d1",
  app: "shop",
  release: 2,
  previous: 1,
  startedAt: t0,
  switchedAt: t0 + 2_000,
  endedAt: t0 + 3_500,
  stepMs: { prepare: 500, start: 900, ready: 590, verify: 5, switch: 5, drain: 1_500 },
  firstGoodToSwitchMs: 110,
  requests: 12_345,
  failures: 0,
  byRelease: [
    { release: 1, requests: 6_000, firstAt: t0, lastAt: t0 + 2_000 },
    { release: 2, requests: 6_345, firstAt: t0 + 2_001, lastAt: t0 + 3_500 },
  ],
  before: { requests: 5_000, failures: 0, p50: 1.2, p99: 4.5, max: 20 },
  during: { requests: 3_000, failures: 0, p50: 1.3, p99: 5, max: 31 },
  after: { requests: 4_345, failures: 0, p50: null, p99: null, max: null },
  drained: { requests: 3, connections: 2, cutRequests: 0, closedConnections: 1 },
  workers: 2,
};

const story: [number, DeploymentEventBody | CliEventBody][] = [
  [0, { type: "note", message: "Starting control and gateway" }],
  [10, { type: "begun", app: "shop", deployment: "d1", kind: "deploy", colour: "green", previous: 1 }],
  [20, { type: "step", step: "prepare", status: "started", ms: null, detail: null }],
  [200, { type: "log", source: "build", line: "#5 RUN npm ci" }],
  [520, { type: "release", release: 2, fingerprint: "f" }],
  [520, { type: "step", step: "prepare", status: "done", ms: 500, detail: null }],
  [520, { type: "step", step: "start", status: "started", ms: null, detail: null }],
  [
    1_000,
    {
      type: "container",
      service: "web",
      container: "shop-green-web-green-1",
      state: "running",
      detail: null,
    },
  ],
  [1_420, { type: "step", step: "start", status: "done", ms: 900, detail: null }],
  [1_420, { type: "step", step: "ready", status: "started", ms: null, detail: null }],
  [
    1_900,
    { type: "container", service: "web", container: "shop-green-web-green-1", state: "ready", detail: null },
  ],
  [2_010, { type: "step", step: "ready", status: "done", ms: 590, detail: null }],
  [2_012, { type: "switched", generation: 7, workers: 2, ms: 3 }],
  [2_013, { type: "step", step: "drain", status: "started", ms: null, detail: null }],
  [2_500, { type: "draining", requests: 1, connections: 2 }],
  [3_500, { type: "outcome", outcome: "live", release: 2, error: null, receipt }],
];

function told(
  makeReporter: (output: { write(text: string): void }, now: () => number) => { event(e: CliEvent): void },
) {
  let text = "";
  let now = t0;
  const output = {
    write: (chunk: string) => {
      text += chunk;
    },
  };
  const reporter = makeReporter(output, () => now);
  for (const [ms, body] of story) {
    now = t0 + ms;
    reporter.event({ at: now, ...body });
  }
  return text;
}

describe("plain lines", () => {
  test("tell a deployment, one line an event, with the elapsed time", () => {
    const text = told((output, now) => plainReporter(output, plainStyle, now));
    expect(text.split("\n").slice(0, 14)).toEqual([
      "    0.0s  Starting control and gateway",
      "    0.0s  begun deploy shop green, replaces release 1, deployment d1",
      "    0.0s  step prepare started",
      "    0.5s  release 2",
      "    0.5s  step prepare done 500 ms",
      "    0.5s  step start started",
      "    1.0s  container shop-green-web-green-1 running",
      "    1.4s  step start done 900 ms",
      "    1.4s  step ready started",
      "    1.9s  container shop-green-web-green-1 ready",
      "    2.0s  step ready done 590 ms",
      "    2.0s  switched generation 7, 2 workers, 3 ms",
      "    2.0s  step drain started",
      "    2.5s  draining 1 request, 2 connections",
    ]);
    expect(text).toContain("\n    3.5s  outcome live release 2\n          12,345 requests, 0 failed\n");
  });

  test("hold no control characters", () => {
    const text = told((output, now) => plainReporter(output, plainStyle, now));
    expect(text.replaceAll("\n", "")).toMatch(/^\P{Cc}*$/u);
  });
});

test("json lines are the events themselves", () => {
  const lines = told((output) => jsonReporter(output))
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    story.map(([ms, body]) => ({ at: t0 + ms, ...body })),
  );
});

describe("live lines", () => {
  function at(ms: number, width = 100): string[] {
    const progress = startProgress();
    for (const [when, body] of story) if (when <= ms) advance(progress, { at: t0 + when, ...body });
    return progressLines(progress, { ...plainStyle, width }, t0 + ms, 0);
  }

  test("show the build's newest line", () => {
    expect(at(300)).toEqual([
      "shop → green  replaces 1",
      " ⠋ prepare    280 ms",
      "   start",
      "   ready",
      "   verify",
      "   switch",
      "   drain",
      "   retire",
      "   build | RUN npm ci",
    ]);
  });

  test("show containers while they become ready, and what is left of the old ones", () => {
    expect(at(1_500)[3]).toBe(" ⠋ ready       80 ms  shop-green-web-green-1 running");
    expect(at(2_600)[6]).toBe(" ⠋ drain      587 ms  1 request and 2 connections left");
  });

  test("of several containers tell how many are ready and how the others stand", () => {
    const progress = startProgress();
    for (const [when, body] of story.slice(0, 10)) advance(progress, { at: t0 + when, ...body });
    const container = (name: string, state: "running" | "ready") =>
      advance(progress, { at: t0, type: "container", service: "web", container: name, state, detail: null });
    container("shop-green-web-green-1", "ready");
    container("shop-green-web-green-2", "running");
    const lines = progressLines(progress, { ...plainStyle, width: 100 }, t0 + 1_500, 0);
    expect(lines[3]).toBe(" ⠋ ready       80 ms  1 of 2 ready, shop-green-web-green-2 running");
    container("shop-green-web-green-2", "ready");
    expect(progressLines(progress, plainStyle, t0 + 1_500, 0)[3]).toBe(" ⠋ ready       80 ms  2 of 2 ready");
  });

  test("end with every step that ran marked", () => {
    expect(at(4_000).filter((line) => line.startsWith(" ✔"))).toHaveLength(4);
    expect(at(4_000).join("")).not.toContain("⠋");
  });

  test("never are wider than the terminal", () => {
    for (const ms of [300, 1_500, 2_600]) {
      for (const line of at(ms, 40)) expect(line.length).toBeLessThanOrEqual(40);
    }
  });

  test("of a failed deployment mark the step it failed at", () => {
    const progress = startProgress();
    for (const [when, body] of story.slice(0, 10)) advance(progress, { at: t0 + when, ...body });
    advance(progress, {
      at: t0 + 2_000,
      type: "step",
      step: "ready",
      status: "failed",
      ms: 580,
      detail: "web-1 exited",
    });
    advance(progress, {
      at: t0 + 2_100,
      type: "outcome",
      outcome: "refused",
      release: 2,
      error: null,
      receipt: null,
    });
    const lines = progressLines(progress, plainStyle, t0 + 3_000, 0);
    expect(lines[3]).toBe(" ✖ ready      580 ms  web-1 exited");
  });

  test("while another deployment is waited for, name it", () => {
    const progress = startProgress();
    const holder = { deployment: "d0", who: "ann@ci", since: t0 - 90_000, step: "drain" as const };
    advance(progress, { at: t0, type: "waiting", app: "shop", holder });
    expect(progressLines(progress, plainStyle, t0, 0)).toEqual([
      " ⠋ shop: waiting for deployment d0 by ann@ci (drain, 1 m ago)",
    ]);
  });
});

test("a receipt without requests says so, and leaves out what is all zero", () => {
  const none = { requests: 0, failures: 0, p50: null, p99: null, max: null };
  const quiet: Receipt = {
    ...receipt,
    requests: 0,
    byRelease: [],
    before: none,
    during: none,
    after: none,
    drained: { requests: 0, connections: 0, cutRequests: 0, closedConnections: 0 },
  };
  expect(renderReceipt(quiet, plainStyle)).toBe(
    "no request came meanwhile\nswitch  110 ms after the last container's first good answer\n",
  );
});

test("the receipt", () => {
  expect(renderReceipt(receipt, plainStyle)).toBe(
    [
      "12,345 requests, 0 failed",
      "  release 1  6,000 requests  from 22:13:20.000 to 22:13:22.000 UTC",
      "  release 2  6,345 requests  from 22:13:22.001 to 22:13:23.500 UTC",
      "        requests  failed     p50     p99    max",
      "before     5,000       0  1.2 ms  4.5 ms  20 ms",
      "during     3,000       0  1.3 ms  5.0 ms  31 ms",
      "after      4,345       0       -       -      -",
      "switch   110 ms after the last container's first good answer",
      "drained  3 requests, 2 connections",
      "closed   1 long-lived connection at the deadline",
      "",
    ].join("\n"),
  );
});

describe("an error", () => {
  test("says what happened, where, why and what to do", () => {
    const body = {
      code: "CONTAINER_EXITED" as const,
      message: "web-1 ended with exit code 1",
      where: { file: "compose.yaml", line: 12, column: 5 },
      hint: "Mend, deploy again.",
      details: ["Error: no such module", "    at main.js:1"],
      cause: "ECONNRESET",
    };
    expect(renderError(body, plainStyle)).toBe(
      [
        "error: web-1 ended with exit code 1 [CONTAINER_EXITED]",
        "  at compose.yaml:12:5",
        "  cause: ECONNRESET",
        "",
        "  | Error: no such module",
        "  |     at main.js:1",
        "",
        "  Mend, deploy again.",
        "",
      ].join("\n"),
    );
  });
});

describe("an error's lines", () => {
  const body = {
    code: "NOT_HEALTHY" as const,
    message: "web is unhealthy by its own health check",
    where: null,
    hint: "The running release still serves.",
    details: ["starting", "health: 503", "health: 503", "health: 503", "stopping", "health: 503"],
    cause: null,
  };

  test("that repeat are told once, with their number", () => {
    expect(renderError(body, plainStyle)).toContain(
      "  | starting\n  | health: 503 (3 times)\n  | stopping\n  | health: 503\n",
    );
  });

  test("break between words on a terminal", () => {
    const text = renderError(body, styleOf({ write() {}, isTTY: true, columns: 30 }, { NO_COLOR: "1" }));
    expect(text.split("\n").slice(0, 2)).toEqual(["error: web is unhealthy by its", "  own health check"]);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
  });
});

test("a paragraph is broken between words, a long word stays whole", () => {
  expect(wrap("one two three four", 9, 2)).toBe("one two\n  three\n  four");
  expect(wrap("a /very/long/path/of/a/file b", 10)).toBe("a\n/very/long/path/of/a/file\nb");
  expect(wrap("one two three", Number.POSITIVE_INFINITY)).toBe("one two three");
  expect(wrap("\u001b[31mone\u001b[39m two", 7)).toBe("\u001b[31mone\u001b[39m two");
});

describe("colours", () => {
  const terminal = { write() {}, isTTY: true };
  const red = (env: NodeJS.ProcessEnv, output = terminal) => styleOf(output, env).red("x");
  test.each([
    [{}, "\u001b[31mx\u001b[39m"],
    [{ NO_COLOR: "1" }, "x"],
    [{ NO_COLOR: "" }, "\u001b[31mx\u001b[39m"],
    [{ TERM: "dumb" }, "x"],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, "x"],
  ])("on a terminal with %j", (env, text) => expect(red(env)).toBe(text));
  test("in a pipe only when forced", () => {
    expect(styleOf({ write() {} }, {}).red("x")).toBe("x");
    expect(styleOf({ write() {} }, { FORCE_COLOR: "1" }).red("x")).toBe("\u001b[31mx\u001b[39m");
  });
});

test("quantities", () => {
  expect([0, 0.4, 3, 999.4, 999.6, 59_940, 61_000, 3_599_900, 3_660_000].map(showMs)).toEqual([
    "0 ms",
    "<1 ms",
    "3 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 m 01 s",
    "1 h 00 m",
    "1 h 01 m",
  ]);
  expect([null, 0.84, 9.94, 9.96].map(showLatency)).toEqual(["-", "0.8 ms", "9.9 ms", "10 ms"]);
  expect([5, 65, 3_700, 90_000].map((s) => showAge(t0 - s * 1000, t0))).toEqual([
    "5 s ago",
    "1 m ago",
    "1 h ago",
    "1 d ago",
  ]);
});

test("a table aligns by what is seen, not by colour codes", () => {
  const rows = [
    ["\u001b[31ma\u001b[39m", "1"],
    ["bbb", "22"],
  ];
  expect(table(rows, { right: [1] })).toBe("\u001b[31ma\u001b[39m     1\nbbb  22\n");
});

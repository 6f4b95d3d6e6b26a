import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { styleOf } from "../../../src/cli/render/style.ts";
import { ttyReporter } from "../../../src/cli/render/tty.ts";

describe("a terminal's reporter", () => {
  const t0 = 1_700_000_000_000;

  function terminal(rows: number, columns: number) {
    let text = "";
    const output = {
      isTTY: true,
      rows,
      columns,
      write: (chunk: string) => {
        text += chunk;
      },
    };
    return { output, shown: () => stripVTControlCharacters(text) };
  }

  test.each([
    ["an ordinary terminal", 30, 100],
    ["a terminal that was never told its size", 0, 0],
  ])("leaves the last state of every step on %s", (_, rows, columns) => {
    const { output, shown } = terminal(rows, columns);
    const reporter = ttyReporter(output, styleOf(output, {}), () => t0 + 400);
    reporter.event({ at: t0, type: "note", message: "Starting control" });
    reporter.event({
      at: t0,
      type: "begun",
      app: "shop",
      deployment: "d",
      kind: "deploy",
      colour: "blue",
      previous: null,
    });
    reporter.event({ at: t0 + 300, type: "step", step: "prepare", status: "done", ms: 300, detail: null });
    reporter.event({
      at: t0 + 400,
      type: "outcome",
      outcome: "live",
      release: 1,
      error: null,
      receipt: null,
    });
    expect(shown()).toContain("Starting control\n");
    expect(shown()).toMatch(/✔ prepare {4}300 ms/);
    expect(shown().endsWith("\n")).toBe(true);
  });

  test("draws nothing while a question is asked", () => {
    const { output, shown } = terminal(30, 100);
    const reporter = ttyReporter(output, styleOf(output, {}), () => t0);
    reporter.event({
      at: t0,
      type: "begun",
      app: "shop",
      deployment: "d",
      kind: "deploy",
      colour: "blue",
      previous: null,
    });
    reporter.pause();
    const before = shown();
    reporter.event({ at: t0, type: "log", source: "build", line: "step 1" });
    expect(shown()).toBe(before);
    reporter.resume();
    expect(shown()).toContain("build | step 1");
    reporter.close();
  });

  test("leaves no steps behind when there was nothing to do", () => {
    const { output } = terminal(30, 100);
    let erased = "";
    const reporter = ttyReporter(
      {
        ...output,
        write: (text: string) => {
          erased += text;
        },
      },
      styleOf(output, {}),
      () => t0,
    );
    reporter.event({
      at: t0,
      type: "begun",
      app: "shop",
      deployment: "d",
      kind: "deploy",
      colour: "green",
      previous: 1,
    });
    reporter.event({ at: t0, type: "outcome", outcome: "unchanged", release: 1, error: null, receipt: null });
    // The last that is written takes the live lines away; nothing is drawn after it.
    const last = erased.lastIndexOf("\u001b[2K");
    expect(last).toBeGreaterThan(erased.lastIndexOf("prepare"));
  });
});

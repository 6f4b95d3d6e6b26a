import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CliEvent } from "../../../src/cli/event.ts";
import { holdOutput } from "../../../src/cli/render/held-output.ts";
import { CutoverError, errorBody } from "../../../src/model/error.ts";

const at = 1_700_000_000_000;
const step = (name: "prepare" | "start", status: "started" | "done" | "failed"): CliEvent => ({
  at,
  type: "step",
  step: name,
  status,
  ms: null,
  detail: null,
});

const failed = (code: "BUILD_FAILED" | "PORT_TAKEN"): CliEvent => ({
  at,
  type: "outcome",
  outcome: "aborted",
  release: null,
  error: errorBody(new CutoverError(code, "It failed.")),
  receipt: null,
});

describe("routine output in a pipe", () => {
  let printed: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    printed = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const held = () => holdOutput((text) => void printed.push(text), 10_000);

  test("is left out when the step is done soon", () => {
    const output = held();
    output.event(step("prepare", "started"));
    output.add("a");
    output.event(step("prepare", "done"));
    output.close();
    vi.advanceTimersByTime(60_000);
    expect(printed).toEqual([]);
  });

  test("is printed from its first line when it tells why the deployment failed", () => {
    const output = held();
    output.add("a");
    output.add("b");
    output.event(step("prepare", "failed"));
    output.event(failed("BUILD_FAILED"));
    expect(printed).toEqual(["a", "b"]);
  });

  test("is left out when the deployment failed for another reason", () => {
    const output = held();
    output.add("a");
    output.event(step("prepare", "failed"));
    output.event(failed("PORT_TAKEN"));
    output.close();
    expect(printed).toEqual([]);
  });

  test("is printed once it takes long, as it comes, and held again in the next step", () => {
    const output = held();
    output.add("a");
    vi.advanceTimersByTime(9_999);
    expect(printed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(printed).toEqual(["a"]);
    output.add("b");
    expect(printed).toEqual(["a", "b"]);
    output.event(step("prepare", "done"));
    output.add("c");
    output.event(step("start", "done"));
    expect(printed).toEqual(["a", "b"]);
  });

  test("is left out when the command leaves the deployment to control in the middle of it", () => {
    const output = held();
    output.add("a");
    output.close();
    vi.advanceTimersByTime(60_000);
    expect(printed).toEqual([]);
  });
});

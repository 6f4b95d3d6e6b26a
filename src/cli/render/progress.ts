import type { Colour } from "../../model/app.ts";
import {
  type DeploymentKind,
  type LockHolder,
  type Outcome,
  type Step,
  steps,
} from "../../model/deployment.ts";
import { bareBuildLine, isRoutineBuildLine } from "../build-output.ts";
import type { CliEvent } from "../event.ts";

type StepState = "pending" | "running" | "done" | "failed";

/** What the live lines of a deployment are drawn from. */
export interface Progress {
  app: string | null;
  kind: DeploymentKind;
  release: number | null;
  colour: Colour | null;
  previous: number | null;
  waiting: LockHolder | null;
  steps: Record<Step, { state: StepState; since: number; ms: number | null; detail: string | null }>;
  /** By container name, in the order they came up. */
  containers: Map<string, { state: string; detail: string | null }>;
  draining: { requests: number; connections: number } | null;
  /** The newest line of a build, pull or hook; null when none is under way. */
  activity: string | null;
  outcome: Outcome | null;
}

export function startProgress(): Progress {
  const step = () => ({ state: "pending" as StepState, since: 0, ms: null, detail: null });
  return {
    app: null,
    kind: "deploy",
    release: null,
    colour: null,
    previous: null,
    waiting: null,
    steps: {
      prepare: step(),
      start: step(),
      ready: step(),
      verify: step(),
      switch: step(),
      drain: step(),
      retire: step(),
    },
    containers: new Map(),
    draining: null,
    activity: null,
    outcome: null,
  };
}

/** Takes one event in; changes `progress`. */
export function advance(progress: Progress, event: CliEvent): void {
  switch (event.type) {
    case "waiting":
      progress.app = event.app;
      progress.waiting = event.holder;
      return;
    case "begun":
      progress.app = event.app;
      progress.kind = event.kind;
      progress.colour = event.colour;
      progress.previous = event.previous;
      progress.waiting = null;
      advanceStep(progress, {
        at: event.at,
        type: "step",
        step: "prepare",
        status: "started",
        ms: null,
        detail: null,
      });
      return;
    case "release":
      progress.release = event.release;
      progress.activity = null;
      return;
    case "step":
      advanceStep(progress, event);
      return;
    case "container":
      progress.containers.set(event.container, { state: event.state, detail: event.detail });
      return;
    case "draining":
      progress.draining = { requests: event.requests, connections: event.connections };
      return;
    case "hook":
      progress.activity = event.status === "started" ? `hook ${event.hook}` : null;
      return;
    case "log":
      if (isRoutineBuildLine(event.line)) return;
      progress.activity = `${event.source} | ${bareBuildLine(event.line)}`;
      return;
    case "outcome":
      progress.outcome = event.outcome;
      progress.release = event.release ?? progress.release;
      progress.activity = null;
      stopRunning(progress, event.at, event.outcome === "live" || event.outcome === "unchanged");
      return;
    case "switched":
    case "warning":
    case "containers-needed":
    case "note":
    case "error":
      return;
  }
}

function advanceStep(progress: Progress, event: CliEvent & { type: "step" }): void {
  const step = progress.steps[event.step];
  step.state = event.status === "started" ? "running" : event.status;
  if (event.status === "started") step.since = event.at;
  step.ms = event.ms;
  step.detail = event.detail;
  if (event.status !== "started") progress.activity = null;
}

/** A deployment that ended has no step under way. */
function stopRunning(progress: Progress, at: number, good: boolean): void {
  for (const name of steps) {
    const step = progress.steps[name];
    if (step.state !== "running") continue;
    step.state = good ? "done" : "failed";
    step.ms = step.ms ?? Math.max(0, at - step.since);
  }
}

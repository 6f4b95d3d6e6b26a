import type { ErrorBody } from "../../src/model/error.ts";
import type { DeploymentEvent } from "../../src/model/events.ts";
import type { Receipt } from "../../src/model/receipt.ts";
import type { MarkReport } from "../load/load.ts";
import type { PrintedEvent, Ran } from "./command.ts";

/** One deployment of the demo. */
export interface Scene {
  title: string;
  /** The command line, as a user would type it. */
  typed: string;
  expected: { outcome: "live" | "refused"; exitCode: number };
  exitCode: number;
  ms: number;
  outcome: (DeploymentEvent & { type: "outcome" }) | null;
  /** The command's own error, when it ended without an outcome. */
  error: ErrorBody | null;
  /** Milliseconds since the epoch; null when nothing was switched. */
  switchedAt: number | null;
}

export function sceneOf(ran: Ran, fixed: Pick<Scene, "title" | "typed" | "expected">): Scene {
  const outcome = ran.events.findLast((event) => event.type === "outcome") ?? null;
  const switched = ran.events.findLast((event) => event.type === "switched");
  const failed = ran.events.findLast((event) => event.type === "error");
  return {
    ...fixed,
    exitCode: ran.exitCode,
    ms: ran.ms,
    outcome,
    error: outcome?.error ?? failed?.error ?? null,
    switchedAt: switched?.at ?? null,
  };
}

/** A scene with what was counted of it: by the load from outside, by the gateway from inside. */
export interface CountedScene extends Scene {
  load: MarkReport | null;
  receipt: Receipt | null;
}

export type Told =
  | { type: "scene"; title: string; typed: string }
  | { type: "event"; event: PrintedEvent }
  | { type: "said"; text: string };

import type { Colour } from "./app.ts";
import type { DeploymentKind, LockHolder, Outcome, Step } from "./deployment.ts";
import type { ErrorBody } from "./error.ts";
import type { Receipt } from "./receipt.ts";

/** One event of a deployment, as control streams it and `--json` prints it (one a line). */
export type DeploymentEvent = {
  /** Milliseconds since the epoch. */
  at: number;
} & DeploymentEventBody;

export type DeploymentEventBody =
  | { type: "waiting"; app: string; holder: LockHolder }
  | {
      type: "begun";
      app: string;
      deployment: string;
      kind: DeploymentKind;
      colour: Colour;
      previous: number | null;
    }
  | { type: "release"; release: number; fingerprint: string }
  | {
      type: "step";
      step: Step;
      status: "started" | "done" | "failed";
      ms: number | null;
      detail: string | null;
    }
  | {
      type: "container";
      service: string;
      container: string;
      state: "running" | "healthy" | "ready" | "exited" | "unhealthy";
      detail: string | null;
    }
  | {
      type: "hook";
      hook: string;
      status: "started" | "done" | "failed";
      exitCode: number | null;
      ms: number | null;
    }
  | { type: "log"; source: string; line: string }
  | { type: "switched"; generation: number; workers: number; ms: number }
  | { type: "draining"; requests: number; connections: number }
  | { type: "warning"; code: string; message: string }
  /** The stored release's containers are gone: the CLI makes them again, then hands over. */
  | { type: "containers-needed"; release: number; colour: Colour; deployment: string }
  | {
      type: "outcome";
      outcome: Outcome;
      release: number | null;
      error: ErrorBody | null;
      receipt: Receipt | null;
    };

import type { Colour } from "./app.ts";
import type { ErrorBody } from "./error.ts";
import type { Receipt } from "./receipt.ts";

/**
 * Steps in order. Up to and including `verify` the running release is untouched.
 * - `prepare`: the CLI resolves, builds, pulls; control holds the app's lock
 * - `start`: the idle colour's containers are made and started
 * - `ready`: health and the gateway's probe
 * - `verify`: pre-switch hooks, and every container looked at once more
 * - `switch`, `drain`, `retire`
 */
export type Step = "prepare" | "start" | "ready" | "verify" | "switch" | "drain" | "retire";

export const steps: readonly Step[] = ["prepare", "start", "ready", "verify", "switch", "drain", "retire"];

export type DeploymentKind = "deploy" | "rollback";

/**
 * - `live`: the release serves
 * - `unchanged`: the app is up to date, nothing was done
 * - `refused`: the release did not become ready, the old one serves
 * - `aborted`: given up by a person, by a hook or because the CLI went away
 */
export type Outcome = "live" | "unchanged" | "refused" | "aborted";

export interface Deployment {
  id: string;
  app: string;
  kind: DeploymentKind;
  colour: Colour;
  /** Null until control has numbered it. */
  release: number | null;
  /** Release that served when it began; null on an app's first deployment. */
  previous: number | null;
  step: Step;
  outcome: Outcome | null;
  error: ErrorBody | null;
  who: string;
  startedAt: number;
  endedAt: number | null;
  receipt: Receipt | null;
}

/** The holder of an app's lock, named to whoever is refused or waits. */
export interface LockHolder {
  deployment: string;
  who: string;
  since: number;
  step: Step;
}

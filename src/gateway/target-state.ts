import type { Backend, BackendPolicy, Target } from "../model/route.ts";

/**
 * - `waiting`: no response head yet
 * - `streaming`: an ordinary response is in progress
 * - `long`: an upgraded connection, an event stream or a TCP stream
 */
export type ClaimPhase = "waiting" | "streaming" | "long";

/** How a drain ends what a claim stands for. */
export interface Cutter {
  /** Answer 504: the response did not come in time. */
  timeout(): void;
  /** Close the connection the way its protocol says. */
  close(): void;
}

/** A `TargetClaim` as its target holds it: one of a list. */
export interface HeldClaim {
  readonly cutter: Cutter;
  readonly phase: ClaimPhase;
  /** Changes when it is begun and when it is released: another turn is another exchange. */
  readonly turn: number;
  next: HeldClaim | null;
  previous: HeldClaim | null;
  release(): void;
}

/** What one worker knows of a target beside its address. Lives as long as it is in the table or owes anything. */
export class TargetState {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  weight: number;
  /** Claims of this worker. */
  inFlight = 0;
  /** First of the claims, each linked to the next. */
  claims: HeldClaim | null = null;
  /** What the data plane keeps for it: its connections. */
  pool: object | null = null;
  /** Called after each change of its claims; set while it is drained. */
  watch: ((target: TargetState) => void) | null = null;
  /** Called after each release; set where requests may wait for one. */
  freed: ((target: TargetState) => void) | null = null;
  /** `performance.now()` from which it is in the table, for a slow start. */
  readonly since: number;
  /** Until then (`performance.now()`) others are preferred, because a connection failed. */
  suspectUntil = Number.NEGATIVE_INFINITY;
  /** Until then it gets no request, because it failed again and again. */
  ejectedUntil = Number.NEGATIVE_INFINITY;
  /** Failures in a row. After an ejection it begins one short of the next. */
  failures = 0;
  /** Ejections that are not forgotten yet: each makes the next twice as long. */
  ejections = 0;
  /** The primary's probes say that it does not answer. */
  down = false;
  /** This worker's share of the target's `maxInFlight`. */
  limit = Number.POSITIVE_INFINITY;

  constructor(target: Target, since: number) {
    this.id = target.id;
    this.address = target.address;
    this.port = target.port;
    this.weight = target.weight ?? 1;
    this.since = since;
  }
}

/** What is done with a target that fails again and again; null leaves it in. */
export type Ejection = Exclude<BackendPolicy["ejection"], undefined>;

export const defaultEjection: NonNullable<Ejection> = { failures: 5, baseMs: 1_000, maxMs: 30_000 };

/** A backend of one table with what one worker knows of its targets. */
export class BackendState {
  readonly backend: Backend;
  readonly targets: readonly TargetState[];
  /** Its targets have different weights. */
  readonly weighted: boolean;
  readonly slowStartMs: number;
  readonly ejection: Ejection;

  constructor(backend: Backend, targets: readonly TargetState[]) {
    const policy = backend.policy ?? {};
    this.backend = backend;
    this.targets = targets;
    const weights = new Set(backend.targets.map((target) => target.weight ?? 1));
    this.weighted = weights.size > 1;
    this.slowStartMs = policy.slowStartMs ?? 0;
    this.ejection = policy.ejection === undefined ? defaultEjection : policy.ejection;
  }
}

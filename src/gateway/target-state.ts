import type { Backend, Target } from "../model/route.ts";
import type { TargetClaim } from "./target-claim.ts";

/** What one worker knows of a target beside its address. Lives as long as it is in the table or owes anything. */
export class TargetState {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  weight: number;
  /** Claims of this worker. */
  inFlight = 0;
  /** First of the claims, each linked to the next. */
  claims: TargetClaim | null = null;
  /** Called after each change of its claims; set while it is drained. */
  watch: ((target: TargetState) => void) | null = null;
  /** Called after each release; set while requests wait for it. */
  freed: ((target: TargetState) => void) | null = null;
  /** `performance.now()` from which it is in the table, for a slow start. */
  readonly since: number;
  /** Until then (`performance.now()`) others are preferred, because a connection failed. */
  suspectUntil = 0;
  /** Until then it gets no request, because it failed again and again. */
  ejectedUntil = 0;
  /** Failures in a row. */
  failures = 0;
  /** Ejections in a row. */
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

/** A backend with what one worker knows of its targets. */
export interface BackendState {
  backend: Backend;
  targets: readonly TargetState[];
}

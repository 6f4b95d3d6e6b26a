import type { DrainRequest } from "../model/gateway-api.ts";
import { type DrainCount, countClaims } from "./drain-count.ts";
import { claimsOf } from "./claims.ts";
import type { HeldClaim, TargetState } from "./target-state.ts";

interface Drain {
  /** Of this target id; several only while its address has just changed. */
  states: TargetState[];
  /** `performance.now()` at its begin. */
  begunAt: number;
  requestsOverdue: boolean;
  cutRequests: number;
  closedConnections: number;
  timers: Set<NodeJS.Timeout>;
}

/** Counts are reported at most this often, but zero at once. */
const reportEveryMs = 50;

/** How long the counts of an ended drain can be asked for. */
export const keepDrainsMs = 15 * 60_000;

/** The drains of one worker: sets the deadlines on a target's claims and reports what is left of them. */
export class Drains {
  readonly #statesOf: (target: string) => TargetState[];
  readonly #report: (counts: DrainCount[]) => void;
  readonly #drains = new Map<string, Drain>();
  readonly #dirty = new Set<string>();
  #reporter: NodeJS.Timeout | null = null;

  /** @param statesOf what a target's id stands for in this worker */
  constructor(statesOf: (target: string) => TargetState[], report: (counts: DrainCount[]) => void) {
    this.#statesOf = statesOf;
    this.#report = report;
  }

  /** Starts what is not under way; deadlines that are set stay as they are. Returns the counts of now. */
  start(request: DrainRequest): DrainCount[] {
    this.#forget();
    for (const target of request.targets) {
      if (!this.#drains.has(target)) this.#begin(target, request);
    }
    return request.targets.map((target) => this.#count(target));
  }

  /** Ends the drains of targets that are in the table again: their deadlines no longer hold. */
  keep(targets: ReadonlySet<string>): void {
    for (const [target, drain] of this.#drains) if (targets.has(target)) this.#drop(target, drain);
  }

  #drop(target: string, drain: Drain): void {
    for (const timer of drain.timers) clearTimeout(timer);
    for (const state of drain.states) state.watch = null;
    this.#drains.delete(target);
    this.#dirty.delete(target);
  }

  #changed(target: string, drain: Drain): void {
    this.#dirty.add(target);
    if (inFlight(drain) === 0) {
      // Nothing is claimed again for a target that left the table: its deadlines have nothing to act on.
      for (const timer of drain.timers) clearTimeout(timer);
      drain.timers.clear();
      this.#flush();
    } else this.#reporter ??= setTimeout(() => this.#flush(), reportEveryMs);
  }

  /** Drops what ended long ago. */
  #forget(): void {
    for (const [target, drain] of this.#drains) {
      const over = inFlight(drain) === 0 && drain.begunAt < performance.now() - keepDrainsMs;
      if (over) this.#drop(target, drain);
    }
  }

  #begin(target: string, request: DrainRequest): void {
    const drain: Drain = {
      states: this.#statesOf(target),
      begunAt: performance.now(),
      requestsOverdue: false,
      cutRequests: 0,
      closedConnections: 0,
      timers: new Set(),
    };
    this.#drains.set(target, drain);
    if (inFlight(drain) === 0) return;
    for (const state of drain.states) state.watch = () => this.#changed(target, drain);
    after(drain, request.requestsMs, () => {
      drain.requestsOverdue = true;
      for (const claim of claims(drain)) {
        if (claim.phase !== "waiting") continue;
        const { turn } = claim;
        drain.cutRequests += 1;
        claim.cutter.timeout();
        // The connection may have gone on to its next request, with the same claim.
        if (claim.turn === turn) claim.release();
      }
      this.#changed(target, drain);
    });
    after(drain, request.connectionsMs, () => {
      const long = () => claims(drain).filter((claim) => isLong(claim, drain));
      for (const claim of long()) this.#closeSoon(drain, claim, request.spreadMs);
      if (drain.requestsOverdue) return;
      after(drain, request.requestsMs - request.connectionsMs + 1, () => {
        for (const claim of long()) this.#closeSoon(drain, claim, request.spreadMs);
      });
    });
  }

  #closeSoon(drain: Drain, claim: HeldClaim, spreadMs: number): void {
    const { turn } = claim;
    after(drain, Math.random() * spreadMs, () => {
      if (claim.turn !== turn) return;
      drain.closedConnections += 1;
      claim.cutter.close();
    });
  }

  #count(target: string): DrainCount {
    const drain = this.#drains.get(target);
    const phases = drain ? claims(drain).map((claim) => claim.phase) : [];
    return {
      target,
      ...countClaims(phases, drain?.requestsOverdue ?? false),
      cutRequests: drain?.cutRequests ?? 0,
      closedConnections: drain?.closedConnections ?? 0,
    };
  }

  #flush(): void {
    if (this.#reporter) clearTimeout(this.#reporter);
    this.#reporter = null;
    const counts = [...this.#dirty].map((target) => this.#count(target));
    this.#dirty.clear();
    if (counts.length > 0) this.#report(counts);
  }
}

function inFlight(drain: Drain): number {
  return drain.states.reduce((sum, state) => sum + state.inFlight, 0);
}

function claims(drain: Drain): HeldClaim[] {
  return drain.states.flatMap(claimsOf);
}

function isLong(claim: HeldClaim, drain: Drain): boolean {
  return claim.phase === "long" || (claim.phase === "streaming" && drain.requestsOverdue);
}

function after(drain: Drain, ms: number, run: () => void): void {
  const timer = setTimeout(
    () => {
      drain.timers.delete(timer);
      run();
    },
    Math.max(0, ms),
  );
  drain.timers.add(timer);
}

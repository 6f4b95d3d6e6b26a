import { type WaitingRequest, Waiter as Place } from "./balance/queue.ts";
import type { TriedTargets } from "./balance/tried-targets.ts";
import type { TargetClaim } from "./claims.ts";
import type { Destination } from "./destination.ts";
import type { Outcome } from "./claim-outcome.ts";

/** A request that waits. */
export interface Waiter {
  /** To ask again: the table is another, or a target has been claimed for it, which it gets by asking. */
  retry(): void;
  /** It has waited for too long; the last outcome was this. */
  overdue(outcome: Outcome): void;
}

/** One wait of a request. */
export interface Wait {
  readonly waiter: Waiter;
  readonly outcome: Outcome;
  /** Where it was routed to; null while there is no table. */
  readonly destination: Destination | null;
  readonly claim: TargetClaim;
  readonly tried: TriedTargets | null;
  /** `performance.now()` at its begin; kept over tables. */
  readonly since: number;
}

interface Entry {
  wait: Wait;
  /** Null while it waits for a table. */
  place: Place | null;
  timer: NodeJS.Timeout | null;
  /** A target is claimed for it: it goes on in a moment. */
  served: boolean;
}

/**
 * The requests of a worker that wait, in the order in which they came: for a table, each with a time of its own, or
 * in the queue of a backend. Whoever is let go of goes on in a later turn of the event loop or by order of the
 * primary, never within what another request is doing: they share memory.
 */
export class Waits {
  readonly #entries = new Map<Waiter, Entry>();
  readonly #take: (wait: Wait) => boolean;
  /** Those for which a target is claimed. */
  #served: Entry[] = [];
  #resumed: Wait | null = null;

  /** @param take claims a target for a request that waits in a queue; false when there is none for it */
  constructor(take: (wait: Wait) => boolean) {
    this.#take = take;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The wait that the request had which is just going on. */
  get resumed(): Wait | null {
    return this.#resumed;
  }

  /**
   * When a request began to wait that is put by now: it waits no longer over two tables than over one.
   *
   * @param now `performance.now()`, for one that has not waited
   */
  since(waiter: Waiter, now: number): number {
    const resumed = this.#resumed;
    this.#resumed = null;
    return resumed?.waiter === waiter ? resumed.since : now;
  }

  /** Waits for a table, for at most so long. */
  forTable(wait: Wait, ms: number): void {
    const timer = setTimeout(() => {
      this.forget(wait.waiter);
      wait.waiter.overdue(wait.outcome);
    }, ms);
    this.#entries.set(wait.waiter, { wait, place: null, timer, served: false });
  }

  /** Waits in its backend's queue; false when that is full. */
  forTarget(wait: Wait, destination: Destination): boolean {
    const request: WaitingRequest = {
      turn: () => {
        if (!this.#take(wait)) return false;
        this.#serve(entry);
        return true;
      },
      expired: () => {
        this.#entries.delete(wait.waiter);
        wait.waiter.overdue(wait.outcome);
      },
    };
    const entry: Entry = { wait, place: new Place(request), timer: null, served: false };
    if (entry.place === null || !destination.queue.join(entry.place, wait.since)) return false;
    this.#entries.set(wait.waiter, entry);
    return true;
  }

  /** Ends the waiting of a request that is of no use any more; what was claimed for it is for the caller to release. */
  forget(waiter: Waiter): void {
    const entry = this.#entries.get(waiter);
    if (entry === undefined) return;
    this.#entries.delete(waiter);
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.place?.leave();
  }

  /** Lets all ask again, in their order. */
  releaseAll(): void {
    for (const entry of [...this.#entries.values()]) if (!entry.served) this.#resume(entry);
  }

  #serve(entry: Entry): void {
    entry.served = true;
    this.#served.push(entry);
    if (this.#served.length > 1) return;
    setImmediate(() => {
      const served = this.#served;
      this.#served = [];
      for (const one of served) this.#resume(one);
    });
  }

  #resume(entry: Entry): void {
    const { wait } = entry;
    if (this.#entries.get(wait.waiter) !== entry) return;
    this.forget(wait.waiter);
    this.#resumed = wait;
    wait.waiter.retry();
    this.#resumed = null;
  }
}

import { hasTargets, selectTarget } from "./balance/select.ts";
import { stickyTarget } from "./balance/sticky.ts";
import type { TriedTargets } from "./balance/tried-targets.ts";
import type { Destination } from "./destination.ts";
import type { RequestHead } from "./http1/head.ts";
import type { ClientPlace } from "./routing/client-place.ts";
import { findRoute } from "./routing/find.ts";
import type { ListenerRoutes } from "./routing/listener-routes.ts";
import type { Match } from "./routing/match.ts";
import { findStream } from "./routing/stream-routes.ts";
import type { CompiledTable } from "./routing/table.ts";
import type { TargetClaim } from "./claims.ts";
import type { TargetState } from "./target-state.ts";

/** What came of asking for a target. */
export const Outcome = {
  claimed: 0,
  /** A switch is under way, or there is no table yet. */
  held: 1,
  /** The backend has just lost its last target. */
  bereft: 2,
  /** All targets are at their limits. */
  full: 3,
  noRoute: 4,
  noTarget: 5,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** The routes of one listener, as long as the worker lives. */
export interface Door {
  readonly name: string;
  routes: ListenerRoutes<Destination> | null;
}

/** A request that waits. */
export interface Waiter {
  /** To ask again: the table is another, or a target is free. */
  retry(): void;
  /** It has waited for too long; the last outcome was this. */
  overdue(outcome: Outcome): void;
}

/** How long a request may be held for a table, in milliseconds. */
const holdLimitMs = 10_000;
/** How long, from the loss of a backend's last target, requests for it wait for another. */
const bridgeMs = 3_000;
const defaultQueueMs = 10_000;
const defaultQueued = 1_000;

/**
 * The one door to targets in a worker: routes a request and claims a target for it in one step, under one table.
 * While it is held requests wait in order; it starts held, and without a table. Requests for a backend that has just
 * lost its last target wait for another, because a container that the engine restarts is soon back; so do requests for
 * a backend whose targets are all at their limits.
 */
export class Gate {
  /** `performance.now()` as of a moment ago, kept by the worker. */
  now = performance.now();
  /** Of the last request that was claimed or had a route. */
  destination: Destination | null = null;
  /** The last request was claimed for the target that its cookie names. */
  stuck = false;
  #compiled: CompiledTable<Destination> | null = null;
  #held = true;
  readonly #workers: number;
  readonly #doors = new Map<string, Door>();
  readonly #waiting = new Map<Waiter, { timer: NodeJS.Timeout; backend: string | null }>();
  /** Number of waiters by backend, of those that wait for a target that is free. */
  readonly #queued = new Map<string, number>();
  /** Backends that lost their last target, and when. */
  #bereft = new Map<string, number>();
  #waking = false;

  /** @param workers that share the limits of queues */
  constructor(workers: number) {
    this.#workers = workers;
  }

  get compiled(): CompiledTable<Destination> | null {
    return this.#compiled;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  door(name: string): Door {
    const known = this.#doors.get(name);
    if (known) return known;
    const door: Door = { name, routes: this.#compiled?.listeners.get(name) ?? null };
    this.#doors.set(name, door);
    return door;
  }

  /** From here on nothing is claimed. */
  hold(): void {
    this.#held = true;
  }

  /** Takes a table and, unless it stays held, lets go of what waits. */
  open(compiled: CompiledTable<Destination> | null, held: boolean): void {
    this.#bereft = bereftBackends(this.#compiled, compiled, this.#bereft);
    this.#compiled = compiled;
    for (const door of this.#doors.values()) door.routes = compiled?.listeners.get(door.name) ?? null;
    this.#held = held || compiled === null;
    if (this.#held) return;
    for (const waiter of [...this.#waiting.keys()]) this.#release(waiter);
  }

  /**
   * Claims a target for the request whose head was parsed from the bytes.
   *
   * @param words over the same memory
   * @param tried targets that it was sent to already, taken again only when there are no others
   */
  claim(
    door: Door,
    bytes: Uint8Array,
    words: DataView,
    head: RequestHead,
    place: ClientPlace,
    claim: TargetClaim,
    tried: TriedTargets | null,
  ): Outcome {
    this.destination = null;
    if (this.#held) return Outcome.held;
    if (door.routes === null) return Outcome.noRoute;
    const match = findRoute(door.routes, bytes, head, place, words);
    if (match === null) return Outcome.noRoute;
    this.stuck = false;
    const { sticky } = match.state;
    if (sticky !== null) {
      const target = stickyTarget(bytes, head, sticky, this.now);
      if (target !== null && tried?.has(target) !== true) {
        this.destination = match.state;
        this.stuck = true;
        claim.begin(target);
        return Outcome.claimed;
      }
    }
    return this.#take(match, claim, tried);
  }

  /** Claims a target for a connection that is passed on as it is. */
  claimStream(
    listener: string,
    serverName: string | null,
    claim: TargetClaim,
    tried: TriedTargets | null,
  ): Outcome {
    this.destination = null;
    if (this.#held) return Outcome.held;
    const routes = this.#compiled?.streams.get(listener);
    const match = routes ? findStream(routes, serverName) : null;
    if (match === null) return Outcome.noRoute;
    const outcome = this.#take(match, claim, tried);
    if (outcome === Outcome.claimed) claim.enter("long");
    return outcome;
  }

  /**
   * Puts a request by after an outcome other than `claimed`. False when it is not to wait: the outcome is final.
   */
  wait(waiter: Waiter, outcome: Outcome): boolean {
    const id = this.destination?.backend.id ?? null;
    const ms = this.#patience(outcome);
    if (ms <= 0) return false;
    const queue = outcome === Outcome.full ? id : null;
    if (queue !== null) {
      const most = Math.ceil((this.destination?.policy.maxQueued ?? defaultQueued) / this.#workers);
      const queued = this.#queued.get(queue) ?? 0;
      if (queued >= most) return false;
      this.#queued.set(queue, queued + 1);
    }
    const timer = setTimeout(() => {
      this.forget(waiter);
      waiter.overdue(outcome);
    }, ms);
    this.#waiting.set(waiter, { timer, backend: queue });
    return true;
  }

  /** Ends the waiting of a request that is of no use any more. */
  forget(waiter: Waiter): void {
    const entry = this.#waiting.get(waiter);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.#waiting.delete(waiter);
    if (entry.backend === null) return;
    const left = (this.#queued.get(entry.backend) ?? 1) - 1;
    if (left > 0) this.#queued.set(entry.backend, left);
    else this.#queued.delete(entry.backend);
  }

  /** A target may take a request again: those that wait for one ask again, soon and in order. */
  wake(): void {
    if (this.#waking || this.#queued.size === 0) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      if (this.#held) return;
      // Once a backend is full again, the rest of its queue waits on.
      const full = new Set<string>();
      for (const [waiter, { backend }] of [...this.#waiting]) {
        if (backend === null || full.has(backend) || !this.#waiting.has(waiter)) continue;
        if (!this.#hasRoom(backend)) full.add(backend);
        else this.#release(waiter);
      }
    });
  }

  #hasRoom(backend: string): boolean {
    const destination = this.#compiled?.states.get(backend);
    return !destination || destination.targets.some((target) => target.inFlight < target.limit);
  }

  #release(waiter: Waiter): void {
    this.forget(waiter);
    waiter.retry();
  }

  #take(match: Match<Destination>, claim: TargetClaim, tried: TriedTargets | null): Outcome {
    const destination = match.state;
    this.destination = destination;
    const target = this.#select(destination, tried);
    if (target === null) return hasTargets(destination) ? Outcome.full : this.#without(destination);
    claim.begin(target);
    return Outcome.claimed;
  }

  #select(destination: Destination, tried: TriedTargets | null): TargetState | null {
    const { targets } = destination;
    if (targets.length === 0) return null;
    return selectTarget(destination, this.now, Math.random, tried);
  }

  #without(destination: Destination): Outcome {
    return this.#bereft.has(destination.backend.id) ? Outcome.bereft : Outcome.noTarget;
  }

  #patience(outcome: Outcome): number {
    if (outcome === Outcome.held) return holdLimitMs;
    if (outcome === Outcome.full) return this.destination?.policy.queueMs ?? defaultQueueMs;
    if (outcome !== Outcome.bereft) return 0;
    const since = this.#bereft.get(this.destination?.backend.id ?? "");
    return since === undefined ? 0 : since + bridgeMs - performance.now();
  }
}

/** Backends without a target in the next table that had one before, with the time of the loss. */
function bereftBackends(
  before: CompiledTable<Destination> | null,
  next: CompiledTable<Destination> | null,
  known: ReadonlyMap<string, number>,
): Map<string, number> {
  const empty = next?.table.backends.filter((backend) => backend.targets.length === 0) ?? [];
  if (empty.length === 0) return new Map();
  const served = before?.table.backends.filter((backend) => backend.targets.length > 0) ?? [];
  const had = new Set(served.map((backend) => backend.id));
  const now = performance.now();
  return new Map(
    empty.flatMap(({ id }): [string, number][] => {
      const since = had.has(id) ? now : known.get(id);
      return since === undefined ? [] : [[id, since]];
    }),
  );
}

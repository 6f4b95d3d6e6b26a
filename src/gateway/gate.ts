import { hasTargets, isInOrder, selectTarget } from "./balance/select.ts";
import { stickyTarget } from "./balance/sticky.ts";
import type { TriedTargets } from "./balance/tried-targets.ts";
import { Outcome } from "./claim-outcome.ts";
import type { TargetClaim } from "./claims.ts";
import type { Destination } from "./destination.ts";
import type { RequestHead } from "./http1/head.ts";
import type { ClientPlace } from "./routing/client-place.ts";
import { findRoute } from "./routing/find.ts";
import type { ListenerRoutes } from "./routing/listener-routes.ts";
import { findStream } from "./routing/stream-routes.ts";
import type { CompiledTable } from "./routing/table.ts";
import type { TargetState } from "./target-state.ts";
import { type Wait, type Waiter, Waits } from "./waits.ts";

export { Outcome } from "./claim-outcome.ts";
export type { Waiter } from "./waits.ts";

/** The routes of one listener, as long as the worker lives. */
export interface Door {
  readonly name: string;
  routes: ListenerRoutes<Destination> | null;
}

/** How long a request may be held for a table, in milliseconds. */
const holdLimitMs = 10_000;
/** How long, from the loss of a backend's last target, requests for it wait for another. */
const bridgeMs = 3_000;

/**
 * The one door to targets in a worker: routes a request and claims a target for it in one step, under one table.
 * While it is held requests wait in order; it starts held, and without a table. Requests for a backend that has just
 * lost its last target wait for another, because a container that the engine restarts is soon back; so do requests for
 * a backend whose targets are all at their limits: a target is claimed for the first of them as soon as one has room.
 */
export class Gate {
  /** `performance.now()` as of a moment ago. */
  now = performance.now();
  /** Of the last request that was claimed or had a route. */
  destination: Destination | null = null;
  /** The last request was claimed for the target that its cookie names. */
  stuck = false;
  #compiled: CompiledTable<Destination> | null = null;
  #held = true;
  readonly #doors = new Map<string, Door>();
  readonly #waits = new Waits((wait) => this.#serve(wait));
  /** Backends that lost their last target, and when. */
  #bereft = new Map<string, number>();

  get compiled(): CompiledTable<Destination> | null {
    return this.#compiled;
  }

  get waiting(): number {
    return this.#waits.size;
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

  /** Takes a table and, unless it stays held, routes anew what waits. */
  open(compiled: CompiledTable<Destination> | null, held: boolean): void {
    this.#bereft = bereftBackends(this.#compiled, compiled, this.#bereft);
    this.#compiled = compiled;
    for (const door of this.#doors.values()) door.routes = compiled?.listeners.get(door.name) ?? null;
    this.#held = held || compiled === null;
    if (!this.#held) this.#waits.releaseAll();
  }

  /**
   * Claims a target for the request whose head was parsed from the bytes.
   *
   * @param words over the same memory
   * @param claim has its target already when the request waited and got its turn
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
    if (claim.target !== null) return this.#served();
    this.destination = null;
    if (this.#held) return Outcome.held;
    if (door.routes === null) return Outcome.noRoute;
    const match = findRoute(door.routes, bytes, head, place, words);
    if (match === null) return Outcome.noRoute;
    this.stuck = false;
    const destination = match.state;
    const { sticky } = destination;
    if (sticky !== null && destination.queue.size === 0) {
      const target = stickyTarget(bytes, head, sticky, this.now);
      if (target !== null && tried?.has(target) !== true) {
        this.destination = destination;
        this.stuck = true;
        claim.begin(target);
        return Outcome.claimed;
      }
    }
    return this.#take(destination, claim, tried);
  }

  /** Claims a target for a connection that is passed on as it is. */
  claimStream(
    listener: string,
    serverName: string | null,
    claim: TargetClaim,
    tried: TriedTargets | null,
  ): Outcome {
    let outcome: Outcome = Outcome.claimed;
    if (claim.target !== null) this.#served();
    else {
      this.destination = null;
      if (this.#held) return Outcome.held;
      const routes = this.#compiled?.streams.get(listener);
      const match = routes ? findStream(routes, serverName) : null;
      if (match === null) return Outcome.noRoute;
      outcome = this.#take(match.state, claim, tried);
    }
    if (outcome === Outcome.claimed) claim.enter("long");
    return outcome;
  }

  /**
   * Puts a request by after an outcome other than `claimed`. False when it is not to wait: the outcome is final.
   *
   * @param claim of the request; a target may be claimed by it any time from here on, before the waiter hears of it
   */
  wait(waiter: Waiter, outcome: Outcome, claim: TargetClaim, tried: TriedTargets | null): boolean {
    const { destination } = this;
    const now = performance.now();
    const since = this.#waits.since(waiter, now);
    const wait: Wait = { waiter, outcome, destination, claim, tried, since };
    if (outcome === Outcome.full) return destination !== null && this.#waits.forTarget(wait, destination);
    const ms = this.#patience(wait, now);
    if (ms <= 0) return false;
    this.#waits.forTable(wait, ms);
    return true;
  }

  /** Ends the waiting of a request that is of no use any more; its claim is for the caller to release. */
  forget(waiter: Waiter): void {
    this.#waits.forget(waiter);
  }

  /** A target may take requests again: those that wait get their turn. */
  wake(): void {
    if (this.#waits.size === 0 || this.#compiled === null) return;
    for (const { queue } of this.#compiled.states.values()) if (queue.size > 0) queue.wake();
  }

  /** Ends waits that are over, and sees what time has brought back; to be called a few times a second. */
  tick(now: number): void {
    this.now = now;
    if (this.#waits.size === 0 || this.#compiled === null) return;
    for (const { queue } of this.#compiled.states.values()) queue.tick(now);
  }

  #take(destination: Destination, claim: TargetClaim, tried: TriedTargets | null): Outcome {
    this.destination = destination;
    // Who waits already comes first.
    if (destination.queue.size > 0) return Outcome.full;
    const target = this.#select(destination, tried);
    if (target === null) return hasTargets(destination) ? Outcome.full : this.#without(destination);
    claim.begin(target);
    return Outcome.claimed;
  }

  /** Claims a target for a request that waits in its backend's queue. */
  #serve(wait: Wait): boolean {
    if (this.#held || wait.destination === null) return false;
    const target = this.#select(wait.destination, wait.tried);
    if (target === null) return false;
    wait.claim.begin(target);
    return true;
  }

  /** A target was claimed for the request while it waited, under the table of that moment. */
  #served(): Outcome {
    this.destination = this.#waits.resumed?.destination ?? null;
    this.stuck = false;
    return Outcome.claimed;
  }

  #select(destination: Destination, tried: TriedTargets | null): TargetState | null {
    if (destination.targets.length === 0) return null;
    const target = selectTarget(destination, this.now, Math.random, tried);
    if (target === null || tried === null || !tried.has(target)) return target;
    // Another that is only at its limit is waited for.
    const isBetter = (other: TargetState) => !tried.has(other) && isInOrder(other, this.now);
    return destination.targets.some(isBetter) ? null : target;
  }

  #without(destination: Destination): Outcome {
    return this.#bereft.has(destination.backend.id) ? Outcome.bereft : Outcome.noTarget;
  }

  #patience({ outcome, destination, since }: Wait, now: number): number {
    if (outcome === Outcome.held) return since + holdLimitMs - now;
    const lostAt = outcome === Outcome.bereft && this.#bereft.get(destination?.backend.id ?? "");
    return typeof lostAt === "number" ? lostAt + bridgeMs - now : 0;
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

import type { Claim, Ledger } from "./claims.ts";
import { selectTarget } from "./select.ts";
import { type CompiledTable, type Match, matchRoute } from "./table.ts";

/** What of a request decides where it goes. */
export interface RequestPlace {
  /** Name of the listener that accepted it. */
  listener: string;
  host: string | null;
  path: string;
}

export type Claimed =
  | { kind: "claimed"; claim: Claim }
  /** `match` is null for `no-route` and `held-too-long`. */
  | { kind: "none"; reason: "no-route" | "no-target" | "held-too-long"; match: Match | null };

interface Waiting {
  place: RequestPlace;
  tried: ReadonlySet<string>;
  use: (claimed: Claimed) => void;
  timer: NodeJS.Timeout;
}

/** How long a request may be held for a table. */
const holdLimitMs = 10_000;
const suspectMs = 1_000;
/** How long, from the loss of a backend's last target, requests for it wait for another. */
const bridgeMs = 3_000;

/**
 * The one door to targets in a worker: routes a request and claims a target for it in one step, under one table.
 * While it is held requests wait in order; it starts held, and without a table. Requests for a backend that has just
 * lost its last target wait for another, because a container that the engine restarts is soon back.
 */
export class Gate {
  readonly #ledger: Ledger;
  readonly #suspects = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  /** Backends that lost their last target, and when. */
  #bereft = new Map<string, number>();
  #compiled: CompiledTable | null = null;
  #held = true;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get compiled(): CompiledTable | null {
    return this.#compiled;
  }

  /** From here on nothing is claimed. */
  hold(): void {
    this.#held = true;
  }

  /** Takes a table and, unless it stays held, lets go of what waits. */
  open(compiled: CompiledTable | null, held: boolean): void {
    this.#bereft = bereftBackends(this.#compiled, compiled, this.#bereft);
    this.#compiled = compiled;
    for (const target of this.#suspects.keys())
      if (!compiled?.targets.has(target)) this.#suspects.delete(target);
    this.#held = held || compiled === null;
    if (this.#held) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { place, tried, use, timer } of waiting) {
      clearTimeout(timer);
      this.claim(place, tried, use);
    }
  }

  /**
   * Calls `use` with the outcome: at once, or when the hold ends or a target has come.
   *
   * @param tried targets that the request was sent to already, taken again only when there are no others
   */
  claim(place: RequestPlace, tried: ReadonlySet<string>, use: (claimed: Claimed) => void): void {
    if (this.#held) {
      const outcome: Claimed = { kind: "none", reason: "held-too-long", match: null };
      this.#wait({ place, tried, use }, holdLimitMs, outcome);
      return;
    }
    const outcome = this.#claim(place, tried);
    const since = outcome.kind === "none" && outcome.match && this.#bereft.get(outcome.match.backend.id);
    const left = typeof since === "number" ? since + bridgeMs - performance.now() : 0;
    if (left > 0) this.#wait({ place, tried, use }, left, outcome);
    else use(outcome);
  }

  /** A connection to the target failed: others are preferred for a second. */
  suspect(target: string): void {
    this.#suspects.set(target, performance.now() + suspectMs);
  }

  /** Puts a request by until the next table, and gives it the outcome when none came in time. */
  #wait(request: Omit<Waiting, "timer">, ms: number, outcome: Claimed): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      request.use(outcome);
    }, ms);
    const waiting: Waiting = { ...request, timer };
    this.#waiting.add(waiting);
  }

  #claim(place: RequestPlace, tried: ReadonlySet<string>): Claimed {
    const match = this.#compiled && matchRoute(this.#compiled, place.listener, place.host, place.path);
    if (!match) return { kind: "none", reason: "no-route", match: null };
    const load = {
      inFlight: (target: string) => this.#ledger.inFlight(target),
      isSuspect: (target: string) => this.#isSuspect(target),
    };
    const target = selectTarget(match.backend.targets, load, tried, Math.random);
    if (!target) return { kind: "none", reason: "no-target", match };
    return { kind: "claimed", claim: this.#ledger.claim(match, target) };
  }

  #isSuspect(target: string): boolean {
    const until = this.#suspects.get(target);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.#suspects.delete(target);
    return false;
  }
}

/** Backends without a target in the next table that had one before, with the time of the loss. */
function bereftBackends(
  before: CompiledTable | null,
  next: CompiledTable | null,
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

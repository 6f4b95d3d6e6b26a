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

/**
 * The one door to targets in a worker: routes a request and claims a target for it in one step, under one table.
 * While it is held requests wait in order; it starts held, and without a table.
 */
export class Gate {
  readonly #ledger: Ledger;
  readonly #suspects = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
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
    this.#compiled = compiled;
    for (const target of this.#suspects.keys())
      if (!compiled?.targets.has(target)) this.#suspects.delete(target);
    this.#held = held || compiled === null;
    if (this.#held) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { place, tried, use, timer } of waiting) {
      clearTimeout(timer);
      use(this.#claim(place, tried));
    }
  }

  /**
   * Calls `use` with the outcome: at once, or when the hold ends.
   *
   * @param tried targets that the request was sent to already, taken again only when there are no others
   */
  claim(place: RequestPlace, tried: ReadonlySet<string>, use: (claimed: Claimed) => void): void {
    if (!this.#held) {
      use(this.#claim(place, tried));
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      use({ kind: "none", reason: "held-too-long", match: null });
    }, holdLimitMs);
    const waiting: Waiting = { place, tried, use, timer };
    this.#waiting.add(waiting);
  }

  /** A connection to the target failed: others are preferred for a second. */
  suspect(target: string): void {
    this.#suspects.set(target, performance.now() + suspectMs);
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

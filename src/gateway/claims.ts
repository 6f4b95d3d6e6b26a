import type { Target } from "../model/route.ts";
import type { Match } from "./table.ts";

/**
 * - `waiting`: no response head yet
 * - `streaming`: an ordinary response is in progress
 * - `long`: an upgraded connection or an event stream
 */
export type ClaimPhase = "waiting" | "streaming" | "long";

/** How a drain ends what a claim stands for. */
export interface Cutter {
  /** Answer 504: the response did not come in time. */
  timeout(): void;
  /** Close the connection the way its protocol says. */
  close(): void;
}

/** One exchange that a target owes work for: made before anything is sent to it, released exactly once. */
export class Claim {
  readonly match: Match;
  readonly target: Target;
  cutter: Cutter | null = null;
  #phase: ClaimPhase = "waiting";
  #released = false;
  readonly #changed: (claim: Claim) => void;

  /** Made by `Ledger.claim` only. */
  constructor(match: Match, target: Target, changed: (claim: Claim) => void) {
    this.match = match;
    this.target = target;
    this.#changed = changed;
  }

  get phase(): ClaimPhase {
    return this.#phase;
  }

  get released(): boolean {
    return this.#released;
  }

  enter(phase: ClaimPhase): void {
    if (this.#released || this.#phase === phase) return;
    this.#phase = phase;
    this.#changed(this);
  }

  /** Further calls do nothing. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.cutter = null;
    this.#changed(this);
  }
}

/** All claims of one worker, by target. */
export class Ledger {
  readonly #claims = new Map<string, Set<Claim>>();
  readonly #changed: (target: string) => void;

  /** @param changed is called with a target's id after any of its claims was made, changed phase or was released */
  constructor(changed: (target: string) => void) {
    this.#changed = changed;
  }

  claim(match: Match, target: Target): Claim {
    const claim = new Claim(match, target, (changed) => this.#update(changed));
    const held = this.#claims.get(target.id);
    if (held) held.add(claim);
    else this.#claims.set(target.id, new Set([claim]));
    this.#changed(target.id);
    return claim;
  }

  inFlight(target: string): number {
    return this.#claims.get(target)?.size ?? 0;
  }

  of(target: string): Claim[] {
    return [...(this.#claims.get(target) ?? [])];
  }

  all(): Claim[] {
    return [...this.#claims.values()].flatMap((claims) => [...claims]);
  }

  #update(claim: Claim): void {
    if (claim.released) {
      const held = this.#claims.get(claim.target.id);
      held?.delete(claim);
      if (held?.size === 0) this.#claims.delete(claim.target.id);
    }
    this.#changed(claim.target.id);
  }
}

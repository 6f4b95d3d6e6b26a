import type { ClaimPhase, Cutter, HeldClaim, TargetState } from "./target-state.ts";

export type { ClaimPhase, Cutter } from "./target-state.ts";

/**
 * One exchange that a target owes work for: begun before anything is sent to the target, released exactly once. A
 * connection uses one claim for all of its exchanges, one after the other.
 */
export class TargetClaim implements HeldClaim {
  readonly cutter: Cutter;
  /** Null while it is released. */
  target: TargetState | null = null;
  phase: ClaimPhase = "waiting";
  turn = 0;
  next: HeldClaim | null = null;
  previous: HeldClaim | null = null;

  constructor(cutter: Cutter) {
    this.cutter = cutter;
  }

  /** Claims a target; what the claim stood for before must be released. */
  begin(target: TargetState, phase: ClaimPhase = "waiting"): void {
    this.target = target;
    this.phase = phase;
    this.turn += 1;
    const first = target.claims;
    this.next = first;
    if (first !== null) first.previous = this;
    target.claims = this;
    target.inFlight += 1;
    if (target.watch !== null) target.watch(target);
  }

  enter(phase: ClaimPhase): void {
    if (this.target === null || this.phase === phase) return;
    this.phase = phase;
    this.target.watch?.(this.target);
  }

  /** Further calls do nothing. */
  release(): void {
    const target = this.target;
    if (target === null) return;
    this.target = null;
    this.turn += 1;
    const next = this.next;
    if (this.previous === null) target.claims = next;
    else this.previous.next = next;
    if (next !== null) next.previous = this.previous;
    this.next = null;
    this.previous = null;
    target.inFlight -= 1;
    if (target.watch !== null) target.watch(target);
    if (target.freed !== null) target.freed(target);
  }
}

/** The claims of a target at this moment. */
export function claimsOf(target: TargetState): TargetClaim[] {
  const claims: TargetClaim[] = [];
  for (let claim = target.claims; claim !== null; claim = claim.next) {
    if (claim instanceof TargetClaim) claims.push(claim);
  }
  return claims;
}

import type { Target } from "../model/route.ts";

/** What a choice between targets depends on, in one worker. */
export interface Load {
  /** Requests in flight. */
  inFlight(target: string): number;
  /** True for a short time after a connection to the target failed. */
  isSuspect(target: string): boolean;
}

/** Up to this many targets all are compared; above it, two at random. */
const fullScan = 8;

/**
 * The target for a request: the one with the fewest requests in flight, ties at random. Targets that the request
 * was already sent to come after those it was not, and among equals suspect ones come last. Null without targets.
 *
 * Above eight targets two are drawn at random and compared ("power of two choices"), which keeps the choice cheap
 * and the load nearly as even.
 *
 * @param random gives a number from 0 up to, not including, 1
 */
export function selectTarget(
  targets: readonly Target[],
  load: Load,
  tried: ReadonlySet<string>,
  random: () => number,
): Target | null {
  const candidates = bestClass(targets, load, tried);
  if (candidates.length <= fullScan) return least(candidates, load, random);
  const first = Math.floor(random() * candidates.length);
  const second = (first + 1 + Math.floor(random() * (candidates.length - 1))) % candidates.length;
  return least(
    [candidates[first], candidates[second]].filter((target) => target !== undefined),
    load,
    random,
  );
}

function bestClass(targets: readonly Target[], load: Load, tried: ReadonlySet<string>): readonly Target[] {
  let best: Target[] = [];
  let bestRank = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const rank = (tried.has(target.id) ? 2 : 0) + (load.isSuspect(target.id) ? 1 : 0);
    if (rank < bestRank) {
      best = [];
      bestRank = rank;
    }
    if (rank === bestRank) best.push(target);
  }
  return best;
}

function least(candidates: readonly Target[], load: Load, random: () => number): Target | null {
  let chosen: Target | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const target of candidates) {
    const count = load.inFlight(target.id);
    if (count < lowest) {
      lowest = count;
      chosen = target;
      ties = 1;
    } else if (count === lowest) {
      ties += 1;
      if (random() * ties < 1) chosen = target;
    }
  }
  return chosen;
}

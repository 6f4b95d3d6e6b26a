import type { BackendState, TargetState } from "../target-state.ts";
import type { TriedTargets } from "./tried-targets.ts";

/** Up to this many targets all are compared; above it, two at random. */
const fullScan = 8;
/** Pairs that are drawn in search of two that are in order, before all are compared after all. */
const pairs = 3;
/** Share of its weight that a target begins a slow start with. */
const firstShare = 0.1;

/** What keeps a target from being the first choice; a sum, the lower the better. */
const suspect = 1;
const tried = 2;
const doubtful = 4;
const excluded = 8;

/**
 * The target for a request: the one with the fewest requests in flight for its weight, ties at random. Null when all
 * targets that might be used are at their limit, and when there are none (see `hasTargets`). Allocates nothing.
 *
 * Targets whose connection has just failed come after those in order, and those that the request was sent to already
 * after these. Ejected targets and those that probes say are down get nothing, unless all are: then any is better
 * than none. A target of weight 0 gets nothing in any case, nor does one at its limit.
 *
 * Weights are compared by (requests in flight + a random part of one) / weight: with equal weights that is the fewest
 * requests in flight; when nothing is in flight, targets share exactly in proportion to their weights. Above eight targets of the same weight two
 * are drawn at random and compared ("power of two choices"), which keeps the choice cheap and the load nearly as even.
 *
 * @param now `performance.now()`
 * @param random gives a number from 0 up to, not including, 1
 * @param sentTo targets that the request was sent to already
 */
export function selectTarget(
  backend: BackendState,
  now: number,
  random: () => number,
  sentTo: TriedTargets | null,
): TargetState | null {
  const targets = backend.targets;
  if (targets.length === 1) {
    const only = targets[0] as TargetState;
    return only.weight > 0 && only.inFlight < only.limit ? only : null;
  }
  if (targets.length > fullScan && !backend.weighted) {
    const found = betterOfTwo(backend, now, random, sentTo);
    if (found !== null) return found;
  }
  return bestOfAll(backend, now, random, sentTo);
}

/** False when no target of the backend may ever get a request: there is none, or all have the weight 0. */
export function hasTargets(backend: BackendState): boolean {
  return backend.targets.some((target) => target.weight > 0);
}

/** True for a target that a request may be sent to for a reason of its own, such as a sticky session. */
export function isUsable(target: TargetState, now: number): boolean {
  return target.inFlight < target.limit && isInOrder(target, now);
}

/** True for a target that may get requests when it is not at its limit: neither ejected, nor down, nor of weight 0. */
export function isInOrder(target: TargetState, now: number): boolean {
  return target.weight > 0 && !target.down && target.ejectedUntil <= now;
}

function bestOfAll(
  backend: BackendState,
  now: number,
  random: () => number,
  sentTo: TriedTargets | null,
): TargetState | null {
  const targets = backend.targets;
  const even = isEven(backend);
  const idle = !even && isIdle(backend);
  let chosen: TargetState | null = null;
  let bestRank = excluded;
  let lowest = Number.POSITIVE_INFINITY;
  let ties = 0;
  let someInOrder = false;
  for (let index = 0; index < targets.length; index += 1) {
    const target = targets[index] as TargetState;
    const rank = rankOf(target, now, sentTo);
    if (rank < doubtful) someInOrder = true;
    if (rank > bestRank || rank === excluded || target.inFlight >= target.limit) continue;
    const load = even ? target.inFlight : loadOf(backend, target, now, random, idle);
    if (rank < bestRank || load < lowest) {
      bestRank = rank;
      lowest = load;
      chosen = target;
      ties = 1;
    } else if (load === lowest) {
      ties += 1;
      if (random() * ties < 1) chosen = target;
    }
  }
  return bestRank >= doubtful && someInOrder ? null : chosen;
}

/** Null when no two targets were found that are in order and below their limits. */
function betterOfTwo(
  backend: BackendState,
  now: number,
  random: () => number,
  sentTo: TriedTargets | null,
): TargetState | null {
  const targets = backend.targets;
  const count = targets.length;
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = Math.floor(random() * count);
    const second = (first + 1 + Math.floor(random() * (count - 1))) % count;
    const one = targets[first] as TargetState;
    const other = targets[second] as TargetState;
    if (one.inFlight >= one.limit || other.inFlight >= other.limit) continue;
    if (rankOf(one, now, sentTo) !== 0 || rankOf(other, now, sentTo) !== 0) continue;
    if (isEven(backend)) return other.inFlight < one.inFlight ? other : one;
    const idle = one.inFlight + other.inFlight === 0;
    const load = loadOf(backend, one, now, random, idle);
    return loadOf(backend, other, now, random, idle) < load ? other : one;
  }
  return null;
}

function rankOf(target: TargetState, now: number, sentTo: TriedTargets | null): number {
  if (target.weight <= 0) return excluded;
  let rank = target.suspectUntil > now ? suspect : 0;
  if (sentTo?.has(target)) rank += tried;
  if (target.down || target.ejectedUntil > now) rank += doubtful;
  return rank;
}

/** True when loads are compared by the number of requests alone. */
function isEven(backend: BackendState): boolean {
  return !backend.weighted && backend.slowStartMs === 0;
}

function isIdle(backend: BackendState): boolean {
  const targets = backend.targets;
  for (let index = 0; index < targets.length; index += 1) {
    if ((targets[index] as TargetState).inFlight > 0) return false;
  }
  return true;
}

/** @param idle nothing is in flight in any: the lowest of exponentially distributed loads is in proportion to weights */
function loadOf(
  backend: BackendState,
  target: TargetState,
  now: number,
  random: () => number,
  idle: boolean,
): number {
  const weight = target.weight * slowStartShare(now - target.since, backend.slowStartMs);
  return (idle ? -Math.log(1 - random()) : target.inFlight + random()) / weight;
}

/** The part of its weight that a target has at an age, in milliseconds: grows evenly from a tenth to all of it. */
export function slowStartShare(age: number, slowStartMs: number): number {
  if (age >= slowStartMs) return 1;
  return firstShare + (1 - firstShare) * Math.max(0, age / slowStartMs);
}

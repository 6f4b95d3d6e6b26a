import type { BackendState, TargetState } from "../target-state.ts";
import { isInOrder } from "./select.ts";

/** How long others are preferred to a target that a connection failed to. */
export const suspectMs = 1_000;

/** The target answered: a valid response head came, of whatever status. To be called for every response. */
export function succeeded(target: TargetState): void {
  if (target.failures !== 0) target.failures = 0;
}

/**
 * The target failed: its connection broke before the response's head, it did not answer in time, or what it answered
 * was no valid response. An answer with status 500 is an answer. After so many failures in a row as the policy says
 * the target is ejected, first for `baseMs`, then each time for twice as long, up to `maxMs`. One failure ejects it
 * again until it has answered once. For every `maxMs` in which it was not ejected, one ejection is forgotten.
 *
 * The last target in order is never ejected.
 *
 * @param now `performance.now()`
 * @returns whether the target was ejected by this
 */
export function failed(backend: BackendState, target: TargetState, now: number): boolean {
  const ejection = backend.ejection;
  if (ejection === null || target.ejectedUntil > now) return false;
  target.failures += 1;
  if (target.failures < ejection.failures || !hasOther(backend, target, now)) return false;
  const forgotten = Math.floor((now - target.ejectedUntil) / ejection.maxMs);
  const before = Math.max(0, target.ejections - forgotten);
  target.ejectedUntil = now + Math.min(ejection.maxMs, ejection.baseMs * 2 ** before);
  target.ejections = before + 1;
  target.failures = ejection.failures - 1;
  return true;
}

/** No connection came about: a failure as above, and others are preferred for a second. */
export function connectFailed(backend: BackendState, target: TargetState, now: number): boolean {
  target.suspectUntil = now + suspectMs;
  return failed(backend, target, now);
}

function hasOther(backend: BackendState, target: TargetState, now: number): boolean {
  return backend.targets.some((other) => other !== target && isInOrder(other, now));
}

import type { TriedTargets } from "../balance/tried-targets.ts";
import { MethodCode } from "../http1/head.ts";
import type { TargetState } from "../target-state.ts";

const mostConnects = 3;
/** How long connecting is tried again when all targets refuse, in milliseconds. */
const refusedForMs = 1_000;
const pausesMs = [10, 20, 40, 80, 160];

/** RFC 9110 section 9.2.2: may be repeated when it is unknown whether the first was acted on. */
export function isIdempotent(method: MethodCode): boolean {
  return method !== MethodCode.post && method !== MethodCode.patch && method !== MethodCode.other;
}

/**
 * What to do after a connection that did not come about, so that nothing was sent: 0 to try another target at once, a
 * pause in milliseconds before all are tried again, -1 to give up.
 *
 * @param connects connections that failed before this one
 * @param troubleMs milliseconds since the first of them
 */
export function connectPause(
  targets: readonly TargetState[],
  tried: TriedTargets,
  connects: number,
  troubleMs: number,
): number {
  if (connects + 1 < mostConnects && targets.some((target) => !tried.has(target))) return 0;
  if (troubleMs >= refusedForMs) return -1;
  return pausesMs[Math.min(connects, pausesMs.length - 1)] ?? 0;
}

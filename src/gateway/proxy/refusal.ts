import { Outcome } from "../gate.ts";

/** Status and token of the answer to a request that gets no target. */
export function refusalOf(outcome: Outcome): { status: number; reason: string } {
  if (outcome === Outcome.noRoute) return { status: 404, reason: "no-route" };
  if (outcome === Outcome.full) return { status: 503, reason: "queue-full" };
  return { status: 503, reason: outcome === Outcome.held ? "no-table" : "no-target" };
}

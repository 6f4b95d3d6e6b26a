import type { ClaimPhase } from "./claims.ts";

/** What one worker, or all together, still owe one target, and what they cut. */
export interface DrainCount {
  target: string;
  requests: number;
  connections: number;
  cutRequests: number;
  closedConnections: number;
}

/**
 * Divides a target's claims: an ordinary response in progress is a request until the requests' deadline, and a
 * long-lived connection from then on.
 */
export function countClaims(
  phases: Iterable<ClaimPhase>,
  requestsOverdue: boolean,
): { requests: number; connections: number } {
  let requests = 0;
  let connections = 0;
  for (const phase of phases) {
    if (phase === "long" || (phase === "streaming" && requestsOverdue)) connections += 1;
    else requests += 1;
  }
  return { requests, connections };
}

/** Sum over targets or workers; `target` is the first one's. */
export function addCounts(counts: Iterable<DrainCount>): Omit<DrainCount, "target"> {
  const sum = { requests: 0, connections: 0, cutRequests: 0, closedConnections: 0 };
  for (const count of counts) {
    sum.requests += count.requests;
    sum.connections += count.connections;
    sum.cutRequests += count.cutRequests;
    sum.closedConnections += count.closedConnections;
  }
  return sum;
}

/** The count of a worker that died: what it still held was cut. */
export function cutAll(count: DrainCount): DrainCount {
  return {
    target: count.target,
    requests: 0,
    connections: 0,
    cutRequests: count.cutRequests + count.requests,
    closedConnections: count.closedConnections + count.connections,
  };
}

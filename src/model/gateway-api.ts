import type { Check } from "./check.ts";
import type { Listener, Target } from "./route.ts";

/**
 * The gateway's admin API: HTTP/1.1 over the unix socket `/run/cutover/gateway.sock` in the volume that control
 * and gateway share. Errors are `{error: ErrorBody}` with a 4xx or 5xx status.
 *
 * | request | answer |
 * |---|---|
 * | GET /v1/status | GatewayStatus |
 * | GET /v1/targets | TargetsStatus, as all workers together are at this moment |
 * | GET /v1/table | RoutingTable as it is served; null before the first |
 * | PUT /v1/table, RoutingTable | TableApplied, after every worker switched; 409 STALE (GATEWAY_REFUSED) or PORT_TAKEN; 422 GATEWAY_REFUSED |
 * | POST /v1/listeners/check, {listeners} | {} or 409 PORT_TAKEN: could these be bound? Binds nothing for good |
 * | POST /v1/probe, ProbeRequest | NDJSON of ProbeEvent until all are ready; closing the request ends the probe |
 * | POST /v1/drain, DrainRequest | NDJSON of DrainEvent, the last one `done` |
 * | GET /v1/stats?app=A&from=MS | {buckets: StatBucket[]} |
 */
export interface GatewayStatus {
  version: string;
  startedAt: number;
  generation: number;
  /** True once control has confirmed or replaced the snapshot it started from, or did not come in time. */
  serving: boolean;
  workers: { pid: number; generation: number }[];
  listeners: (Listener & { bound: boolean })[];
}

export interface TargetsStatus {
  /** Those of the table, in its order, then those that left it and still have requests in flight. */
  targets: TargetStatus[];
  /** Requests that wait for a target, by backend; those in which none waits are left out. */
  waiting: { backend: string; requests: number }[];
}

export interface TargetStatus {
  /** Target id. */
  id: string;
  /** Backend id; null for one that left the table. */
  backend: string | null;
  /** Requests, upgraded connections and streams that it has, over all workers. */
  inFlight: number;
  /** The most that it may have; null for any number. */
  maxInFlight: number | null;
  /** Workers that send it nothing for a while because it failed again and again. */
  ejectedBy: number;
  /** It does not answer its probes: no worker sends it anything. */
  down: boolean;
}

export interface TableApplied {
  generation: number;
  workers: number;
  /** Milliseconds from the first worker's hold to the last worker's release. */
  ms: number;
}

export interface ProbeRequest {
  targets: Target[];
  check: Check;
  /** Version of the PROXY protocol that the targets want to be spoken to in; none unless given. */
  proxyProtocol?: 0 | 1 | 2;
}

export type ProbeEvent =
  | { type: "success"; target: string; streak: number; ms: number }
  | { type: "failure"; target: string; reason: string }
  /** `firstGoodAt`: milliseconds since the epoch of the first success of the streak. */
  | { type: "ready"; target: string; firstGoodAt: number }
  | { type: "done" };

export interface DrainRequest {
  /** Target ids no longer in the table. A target that still is in it is refused with GATEWAY_REFUSED. */
  targets: string[];
  /** Milliseconds from now after which a request that still waits for its response is answered 504. */
  requestsMs: number;
  /** Milliseconds from now after which long-lived connections and streaming responses are closed. */
  connectionsMs: number;
  /** Closing is spread over this many milliseconds after that deadline. */
  spreadMs: number;
}

export type DrainEvent =
  | { type: "progress"; requests: number; connections: number }
  | {
      type: "done";
      requests: number;
      connections: number;
      cutRequests: number;
      closedConnections: number;
      ms: number;
    };

/** Requests of one app, one release and one second. */
export interface StatBucket {
  /** Seconds since the epoch, by the time of the request's start. */
  second: number;
  release: number;
  requests: number;
  failures: number;
  /** Histogram of time to the response's head: [bucket index, count], see observe/histogram. */
  latency: [number, number][];
  /** Milliseconds since the epoch. */
  firstAt: number;
  lastAt: number;
}

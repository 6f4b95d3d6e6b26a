import type { ErrorBody } from "../model/error.ts";
import type { DrainRequest } from "../model/gateway-api.ts";
import type { Listener, RoutingTable } from "../model/route.ts";
import type { LeaseOrder, LeaseReport } from "./balance/lease-messages.ts";
import type { DrainCount } from "./drain-count.ts";
import type { AppBucket } from "./stats.ts";
import type { LogLine } from "./worker-log.ts";
import type { HttpBinding } from "./routing/table.ts";
import type { WorkerTargets } from "./worker-targets.ts";

/**
 * What the primary tells a worker; each is answered by one `Reply`.
 * - `init`: take the table and which of its targets are down, then bind `listeners`; first of all orders. → names that are bound
 * - `prepare`: bind what of `listeners` is not bound yet; PORT_TAKEN undoes it. → names that are bound
 * - `abandon`: undo `prepare` → names that are bound
 * - `hold`: from the reply on nothing is claimed
 * - `commit`: take the prepared table if there is one, and let go of what is held
 * - `drain` → DrainCount[]; later counts come as news
 * - `stats` → AppBucket[] since the last time
 * - `targets` → what it has in flight
 * - `stop`: finish what is under way and exit
 */
export type Order =
  | {
      type: "init";
      http: HttpBinding;
      table: RoutingTable | null;
      held: boolean;
      down: string[];
      listeners: Listener[];
    }
  | { type: "prepare"; table: RoutingTable; listeners: Listener[] }
  | { type: "abandon" }
  | { type: "hold" }
  | { type: "commit" }
  | { type: "drain"; request: DrainRequest }
  | { type: "stats" }
  | { type: "targets" }
  | { type: "stop" };

/**
 * What the primary tells a worker without an answer, in one order with the orders above.
 * - `leases`: shares of targets' limits; those of a new table come before its `commit`
 * - `health`: what the probes say of a target
 */
export type Notice =
  | { type: "leases"; orders: LeaseOrder[] }
  | { type: "health"; target: string; down: boolean };

/** What an order is answered with. */
export interface Answers {
  init: string[];
  prepare: string[];
  abandon: string[];
  hold: true;
  commit: true;
  drain: DrainCount[];
  stats: AppBucket[];
  targets: WorkerTargets;
  stop: true;
}

export type Envelope = { id: number; order: Order } | { id: null; notice: Notice };

export type WorkerMessage =
  | { type: "reply"; id: number; error: ErrorBody | null; value: unknown }
  | { type: "drain"; counts: DrainCount[] }
  | { type: "leases"; reports: LeaseReport[] }
  | { type: "stats"; buckets: AppBucket[] }
  | LogLine;

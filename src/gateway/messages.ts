import type { ErrorBody } from "../model/error.ts";
import type { DrainRequest } from "../model/gateway-api.ts";
import type { Listener, RoutingTable } from "../model/route.ts";
import type { DrainCount } from "./drain-count.ts";
import type { AppBucket } from "./stats.ts";
import type { LogLevel } from "./worker-log.ts";
import type { HttpBinding } from "./routing/table.ts";

/**
 * What the primary tells a worker; each is answered by one `Reply`.
 * - `init`: take the table, then bind `listeners`; first of all orders. → names that are bound
 * - `prepare`: bind what of `listeners` is not bound yet; PORT_TAKEN undoes it. → names that are bound
 * - `abandon`: undo `prepare` → names that are bound
 * - `hold`: from the reply on nothing is claimed
 * - `commit`: take the prepared table if there is one, and let go of what is held
 * - `drain` → DrainCount[]; later counts come as news
 * - `stats` → AppBucket[] since the last time
 * - `stop`: finish what is under way and exit
 */
export type Order =
  | { type: "init"; http: HttpBinding; table: RoutingTable | null; held: boolean; listeners: Listener[] }
  | { type: "prepare"; table: RoutingTable; listeners: Listener[] }
  | { type: "abandon" }
  | { type: "hold" }
  | { type: "commit" }
  | { type: "drain"; request: DrainRequest }
  | { type: "stats" }
  | { type: "stop" };

/** What an order is answered with. */
export interface Answers {
  init: string[];
  prepare: string[];
  abandon: string[];
  hold: true;
  commit: true;
  drain: DrainCount[];
  stats: AppBucket[];
  stop: true;
}

export interface Envelope {
  id: number;
  order: Order;
}

export type WorkerMessage =
  | { type: "reply"; id: number; error: ErrorBody | null; value: unknown }
  | { type: "drain"; counts: DrainCount[] }
  | { type: "stats"; buckets: AppBucket[] }
  | { type: "log"; level: LogLevel; fields: object; message: string };

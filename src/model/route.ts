/**
 * The routing table: pure data, replaced whole. All durations are milliseconds.
 *
 * Matching: the routes of the listener that accepted the request, host before catch-all, then the higher
 * `priority`, then the longer path prefix. Table validity (`gateway/table`) is checked before a table is taken.
 */
export interface RoutingTable {
  /** Grows with every change; a gateway refuses a table older than the one it has. */
  generation: number;
  /** Ports published by apps, beside the gateway's own `http` listener. */
  listeners: Listener[];
  routes: Route[];
  backends: Backend[];
}

/** Name of the listener that every gateway has: the port given to `cutover up --http-port`. */
export const httpListener = "http";

export interface Listener {
  /** Unique; `port:8080` or `port:127.0.0.1:8080`. */
  name: string;
  /** Address to bind; null means every address (dual stack). */
  host: string | null;
  port: number;
}

export interface Route {
  /** Unique in the table, stable over releases: `shop/web/http/0`. */
  id: string;
  app: string;
  listener: string;
  /** Exact lower-case names or `*.example.com`; empty means any host. */
  hosts: string[];
  /** Path prefix on segment borders: `/api` matches `/api` and `/api/x`, not `/apis`. */
  path: string;
  priority: number;
  /** Backend id. */
  backend: string;
}

export interface Backend {
  /** `<app>/<service>@<release>`. */
  id: string;
  app: string;
  service: string;
  release: number;
  targets: Target[];
}

export interface Target {
  /** Container id: what claims, drains and counters are kept by. */
  id: string;
  address: string;
  port: number;
}

/** Backend id of a service in a release. */
export function backendId(app: string, service: string, release: number): string {
  return `${app}/${service}@${release}`;
}

import type { Check } from "./check.ts";

/**
 * The routing table: pure data, replaced whole. All durations are milliseconds.
 *
 * Matching: the routes of the listener that accepted the request, host before catch-all, then the higher
 * `priority`, then the longer path prefix, then one with a condition before one without. A table that is not valid is
 * refused before anything of it is taken (`gateway/table-check`).
 */
export interface RoutingTable {
  /** Grows with every change; a gateway refuses a table older than the one it has. */
  generation: number;
  /** Ports published by apps, beside the gateway's own `http` listener. */
  listeners: Listener[];
  routes: Route[];
  /** None when left out. */
  streams?: StreamRoute[];
  backends: Backend[];
}

/** What a route may ask of a request beside its host and path. `RegExp`s are RE2's syntax, matched in linear time. */
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  /** Exact lower-case name, or `*.example.com`. */
  | { host: string }
  | { hostRegexp: string }
  /** The whole path; a prefix of it, to the letter; an expression found anywhere in it. */
  | { path: string }
  | { pathPrefix: string }
  | { pathRegexp: string }
  | { method: string }
  /** Name without regard to case; one of the field's lines has the value, or any when it is null. */
  | { header: string; value: string | null }
  | { header: string; regexp: string }
  | { query: string; value: string | null }
  | { query: string; regexp: string }
  /** Address or CIDR block of the client. */
  | { client: string };

/** How the gateway treats a backend's targets; what is left out is the default. Milliseconds and bytes. */
export interface BackendPolicy {
  /** Time for a connection; 2 s. */
  connectMs?: number;
  /** Time from the request's end to the response's head; 0 for ever, which is the default. */
  responseMs?: number;
  /** How long an idle connection to a target is kept; 4 s. Below the target's own keep-alive time. */
  keepAliveMs?: number;
  /** Requests in flight in one target at most, over all workers; none unless given. Those above wait. */
  maxInFlight?: number;
  /** Requests that wait for a target, over all workers (1,000), and for how long (10 s). */
  maxQueued?: number;
  queueMs?: number;
  /** Keeps a client on a target by a cookie. */
  sticky?: { cookie: string; maxAgeSeconds?: number; secure?: boolean; path?: string };
  /** Takes a target out after so many failures in a row (5), first for `baseMs` (1 s), each time longer; null never. */
  ejection?: { failures: number; baseMs: number; maxMs: number } | null;
  /** Asks targets all the time; one that fails so many times in a row gets no new requests. */
  probe?: { check: Check; everyMs: number; failures: number };
  /** Time over which a target that has just come gets its full share; 0. */
  slowStartMs?: number;
  /** Tries beside the first (2), and the share of requests that may be sent again (0.2). */
  retry?: { attempts: number; budget: number };
  /** `pass` the client's Host (the default), `target` for the target's address, or a name. */
  host?: "pass" | "target" | { name: string };
  /** Version of the PROXY protocol that targets are sent; 0 for none. */
  proxyProtocol?: 0 | 1 | 2;
  /** Reads a request's body before it is sent: in memory up to so many bytes, then on disk. */
  bufferRequests?: { memoryBytes: number; diskBytes: number };
  /** Largest body of a request; none unless given. */
  maxBodyBytes?: number;
}

/** Connections that are passed on as they are: of a `tcp` listener, or of a `tls` listener by server name (SNI). */
export interface StreamRoute {
  /** Unique in the table, stable over releases. */
  id: string;
  app: string;
  listener: string;
  /** Exact lower-case names or `*.example.com`; empty means any, also none. */
  serverNames: string[];
  backend: string;
}

/** Name of the listener that every gateway has: the port given to `cutover up --http-port`. */
export const httpListener = "http";

export interface Listener {
  /** Unique; `port:8080` or `port:127.0.0.1:8080`. */
  name: string;
  /** Address to bind; null means every address (dual stack). */
  host: string | null;
  port: number;
  /** What is spoken on it: HTTP unless said. `tls` is passed on by server name, not terminated. */
  protocol?: "http" | "tcp" | "tls";
  /** With `tcp`: let the kernel pass connections on where it can. */
  kernel?: boolean;
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
  /** What else a request must be. */
  when?: Condition;
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
  policy?: BackendPolicy;
}

export interface Target {
  /** Container id: what claims, drains and counters are kept by. */
  id: string;
  address: string;
  port: number;
  /** Share of requests against the other targets'; 1. 0 gets none. */
  weight?: number;
}

/** Backend id of a service in a release. */
export function backendId(app: string, service: string, release: number): string {
  return `${app}/${service}@${release}`;
}

import {
  type Backend,
  type Listener,
  type Route,
  type RoutingTable,
  type StreamRoute,
  httpListener,
} from "../../model/route.ts";
import { Expressions } from "./expression.ts";
import { type ListenerRoutes, createListenerRoutes } from "./listener-routes.ts";
import type { Match } from "./match.ts";
import { type StreamRoutes, createStreamRoutes } from "./stream-routes.ts";

/** A table made ready for look-ups. Immutable. */
export interface CompiledTable<B> {
  readonly table: RoutingTable;
  /** By name, of every HTTP listener in the table and of the gateway's own, also without a route. */
  readonly listeners: ReadonlyMap<string, ListenerRoutes<B>>;
  /** By name, of every listener with the protocol `tcp` or `tls`. */
  readonly streams: ReadonlyMap<string, StreamRoutes<B>>;
  /** What `stateOf` made of each backend, by its id. */
  readonly states: ReadonlyMap<string, B>;
  /** Addresses (`address:port`) of all targets. */
  readonly addresses: ReadonlySet<string>;
  /** Ids of all targets. */
  readonly targets: ReadonlySet<string>;
}

/** Where the gateway's own `http` listener is bound. */
export interface HttpBinding {
  host: string | null;
  port: number;
}

export const emptyTable: RoutingTable = { generation: 0, listeners: [], routes: [], backends: [] };

/**
 * An HTTP listener on the very address and port of the gateway's own: what it would accept, `http` accepts already,
 * so its routes are tried there, beside those of `http`.
 */
export function isHttpAlias(listener: Listener, http: HttpBinding): boolean {
  return listener.port === http.port && listener.host === http.host && protocolOf(listener) === "http";
}

/** The listeners of a table that need a socket of their own. */
export function ownListeners(table: RoutingTable, http: HttpBinding): Listener[] {
  return table.listeners.filter((listener) => !isHttpAlias(listener, http));
}

/** What is spoken on a listener. */
export function protocolOf(listener: Listener): "http" | "tcp" | "tls" {
  return listener.protocol ?? "http";
}

/**
 * Compiles a valid table (see `tableProblems`). Takes time and memory in proportion to the table.
 *
 * @param stateOf is asked once for each backend of the table
 */
export function compileTable<B>(
  table: RoutingTable,
  http: HttpBinding,
  stateOf: (backend: Backend) => B,
): CompiledTable<B> {
  const backends = new Map(
    table.backends.map((backend) => [backend.id, { backend, state: stateOf(backend) }]),
  );
  const aliases = new Set(table.listeners.filter((l) => isHttpAlias(l, http)).map((l) => l.name));
  const routes = new Map<string, Match<B, Route>[]>([[httpListener, []]]);
  const passed = new Map<string, Match<B, StreamRoute>[]>();
  for (const listener of table.listeners) {
    if (aliases.has(listener.name)) continue;
    (protocolOf(listener) === "http" ? routes : passed).set(listener.name, []);
  }
  for (const route of table.routes) {
    const to = backends.get(route.backend);
    const listener = aliases.has(route.listener) ? httpListener : route.listener;
    if (to) routes.get(listener)?.push({ route, ...to });
  }
  for (const route of table.streams ?? []) {
    const to = backends.get(route.backend);
    if (to) passed.get(route.listener)?.push({ route, ...to });
  }
  const expressions = new Expressions();
  const targets = table.backends.flatMap((backend) => backend.targets);
  return {
    table,
    listeners: new Map(
      Array.from(routes, ([name, matches]) => [name, createListenerRoutes(matches, expressions)]),
    ),
    streams: new Map(Array.from(passed, ([name, matches]) => [name, createStreamRoutes(matches)])),
    states: new Map(Array.from(backends, ([id, { state }]) => [id, state])),
    addresses: new Set(targets.map((target) => `${target.address}:${target.port}`)),
    targets: new Set(targets.map((target) => target.id)),
  };
}

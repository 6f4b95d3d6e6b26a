import { type Backend, type Listener, type Route, type RoutingTable, httpListener } from "../model/route.ts";
import { hostKeys } from "./host.ts";

/** A backend with the route that led to it. */
export interface Match {
  route: Route;
  backend: Backend;
}

/** A table made ready for look-ups. Immutable. */
export interface CompiledTable {
  table: RoutingTable;
  /** Listener, then host key (see `hostKeys`), then routes in the order in which they are tried. */
  listeners: Map<string, Map<string, Match[]>>;
  /** Addresses (`address:port`) of all targets. */
  addresses: Set<string>;
  /** Ids of all targets. */
  targets: Set<string>;
}

/** Where the gateway's own `http` listener is bound. */
export interface HttpBinding {
  host: string | null;
  port: number;
}

export const emptyTable: RoutingTable = { generation: 0, listeners: [], routes: [], backends: [] };

/**
 * A listener on the very address and port of the gateway's own: what it would accept, `http` accepts already, so
 * its routes are tried there, beside those of `http`.
 */
export function isHttpAlias(listener: Listener, http: HttpBinding): boolean {
  return listener.port === http.port && listener.host === http.host;
}

/** The listeners of a table that need a socket of their own. */
export function ownListeners(table: RoutingTable, http: HttpBinding): Listener[] {
  return table.listeners.filter((listener) => !isHttpAlias(listener, http));
}

/** Compiles a valid table (see `validateTable`). */
export function compileTable(table: RoutingTable, http: HttpBinding): CompiledTable {
  const aliases = new Set(table.listeners.filter((l) => isHttpAlias(l, http)).map((l) => l.name));
  const backends = new Map(table.backends.map((backend) => [backend.id, backend]));
  const listeners = new Map<string, Map<string, Match[]>>();
  for (const route of table.routes) {
    const backend = backends.get(route.backend);
    if (!backend) continue;
    const listener = aliases.has(route.listener) ? httpListener : route.listener;
    const hosts = entryOf(listeners, listener, () => new Map<string, Match[]>());
    for (const host of route.hosts.length > 0 ? route.hosts : [anyHost]) {
      entryOf(hosts, host, () => []).push({ route, backend });
    }
  }
  for (const hosts of listeners.values()) {
    for (const matches of hosts.values()) matches.sort(byPrecedence);
  }
  const targets = table.backends.flatMap((backend) => backend.targets);
  return {
    table,
    listeners,
    addresses: new Set(targets.map((target) => `${target.address}:${target.port}`)),
    targets: new Set(targets.map((target) => target.id)),
  };
}

/**
 * The route of a request: routes for the exact host first, then wildcards (the longer first), then routes for any
 * host; in each, by priority, then by the longer path. Total: any string is allowed, nothing is thrown.
 *
 * @param host lower-case name without port, or null when the request names none
 * @param path request target in origin form; a query is ignored
 */
export function matchRoute(
  compiled: CompiledTable,
  listener: string,
  host: string | null,
  path: string,
): Match | null {
  const hosts = compiled.listeners.get(listener);
  if (!hosts) return null;
  const plain = pathOf(path);
  if (host !== null) {
    for (const key of hostKeys(host)) {
      const found = hosts.get(key)?.find((match) => isUnder(plain, match.route.path));
      if (found) return found;
    }
  }
  return hosts.get(anyHost)?.find((match) => isUnder(plain, match.route.path)) ?? null;
}

const anyHost = "";

function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  return path.startsWith("/") ? path : "/";
}

/** `/api` holds `/api` and `/api/x`, not `/apis`; a slash at the prefix's end means nothing. */
function isUnder(path: string, prefix: string): boolean {
  const bare = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return path.startsWith(bare) && (path.length === bare.length || path[bare.length] === "/");
}

function byPrecedence(a: Match, b: Match): number {
  return (
    b.route.priority - a.route.priority ||
    b.route.path.length - a.route.path.length ||
    (a.route.id < b.route.id ? -1 : 1)
  );
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

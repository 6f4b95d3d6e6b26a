import type { Route } from "../../model/route.ts";
import { hostKeys } from "../host.ts";
import { hashOf, hashSegment, hashSuffix } from "./byte-hash.ts";
import type { Match } from "./match.ts";
import { type OpenTable, createOpenTable } from "./open-table.ts";
import { type Prefix, createPathTree } from "./path-tree.ts";

/** The routes of one HTTP listener, made ready for `findRoute`. Immutable. */
export interface ListenerRoutes<B> {
  /** By exact host, and by what follows the asterisk of a wildcard. */
  readonly exact: OpenTable<HostRoutes<B>>;
  readonly wildcards: OpenTable<HostRoutes<B>>;
  readonly any: HostRoutes<B> | null;
  /** All prefixes of paths but the roots, by the prefix above and the last segment. */
  readonly prefixes: OpenTable<Prefix<B>>;
  /** Bytes of the longest segment in `prefixes`. */
  readonly longestSegment: number;
}

/** The routes of one host name, one wildcard, or any host. */
export interface HostRoutes<B> {
  /** The name; for a wildcard, what follows the asterisk. */
  readonly name: Uint8Array;
  readonly root: Prefix<B>;
  /** What is tried when none of these routes is for the request: the longest wildcard that holds this name, or any. */
  next: HostRoutes<B> | null;
}

/** Takes time and memory in proportion to the routes and the lengths of their hosts and paths. */
export function createListenerRoutes<B>(matches: readonly Match<B, Route>[]): ListenerRoutes<B> {
  const byHost = new Map<string, Match<B, Route>[]>();
  for (const match of [...matches].sort(byPrecedence)) {
    const { hosts } = match.route;
    for (const host of new Set(hosts.length > 0 ? hosts : [anyHost])) {
      const own = byHost.get(host);
      if (own) own.push(match);
      else byHost.set(host, [match]);
    }
  }
  const prefixes: Prefix<B>[] = [];
  const hosts = new Map<string, HostRoutes<B>>();
  for (const [host, own] of byHost) {
    const name = Uint8Array.from(Buffer.from(isWildcard(host) ? host.slice(1) : host));
    hosts.set(host, { name, root: createPathTree(own, prefixes), next: null });
  }
  const any = hosts.get(anyHost) ?? null;
  for (const [host, routes] of hosts) {
    if (routes === any) continue;
    const wider = hostKeys(isWildcard(host) ? host.slice(2) : host).find(
      (key) => isWildcard(key) && hosts.has(key),
    );
    routes.next = wider === undefined ? any : (hosts.get(wider) ?? any);
  }
  const named = [...hosts].filter(([host]) => host !== anyHost);
  const children = prefixes.filter(({ parent }) => parent !== null);
  return {
    exact: createOpenTable(
      named.filter(([host]) => !isWildcard(host)).map(([, routes]) => routes),
      ({ name }) => hashOf(name, 0, name.length),
    ),
    wildcards: createOpenTable(
      named.filter(([host]) => isWildcard(host)).map(([, routes]) => routes),
      ({ name }) => hashSuffix(name),
    ),
    any,
    prefixes: createOpenTable(children, ({ parent, segment }) => hashSegment(parent?.id ?? 0, segment)),
    longestSegment: children.reduce((most, { segment }) => Math.max(most, segment.length), 0),
  };
}

const anyHost = "";

function isWildcard(host: string): boolean {
  return host.startsWith("*.");
}

/** The order in which the routes of one host are tried. */
function byPrecedence<B>(a: Match<B, Route>, b: Match<B, Route>): number {
  return (
    b.route.priority - a.route.priority ||
    b.route.path.length - a.route.path.length ||
    Number(a.route.when === undefined) - Number(b.route.when === undefined) ||
    (a.route.id < b.route.id ? -1 : 1)
  );
}

import type { Route } from "../../model/route.ts";
import { hostKeys } from "../host.ts";
import { compileCondition } from "./condition.ts";
import type { Expressions } from "./expression.ts";
import type { Match } from "./match.ts";
import { type OpenTable, createOpenTable } from "./open-table.ts";
import { type Candidate, type Prefix, createPrefixes } from "./prefix.ts";

/** The routes of one HTTP listener, made ready for `findRoute`. Immutable. */
export interface ListenerRoutes<B> {
  /** Roots of the paths of each host, by its exact name, and of each wildcard, by what follows the asterisk. */
  readonly exact: OpenTable<Prefix<B>>;
  readonly wildcards: OpenTable<Prefix<B>>;
  readonly any: Prefix<B> | null;
  /** All prefixes of paths but the roots, by `prefixHash`. */
  readonly prefixes: OpenTable<Prefix<B>>;
}

/** Takes time and memory in proportion to the routes and the lengths of their hosts and paths. */
export function createListenerRoutes<B>(
  matches: readonly Match<B, Route>[],
  expressions: Expressions,
): ListenerRoutes<B> {
  const byHost = new Map<string, Candidate<B>[]>();
  for (const match of [...matches].sort(byPrecedence)) {
    const { hosts, when } = match.route;
    const condition = when === undefined ? null : compileCondition(when, expressions);
    for (const host of new Set(hosts.length > 0 ? hosts : [anyHost])) {
      const candidates = byHost.get(host);
      if (candidates) candidates.push({ match, condition });
      else byHost.set(host, [{ match, condition }]);
    }
  }
  const prefixes: Prefix<B>[] = [];
  const roots = new Map<string, Prefix<B>>();
  for (const [host, candidates] of byHost) {
    const [root, ...others] = createPrefixes(roots.size, candidates);
    roots.set(host, root);
    for (const prefix of others) prefixes.push(prefix);
  }
  const any = roots.get(anyHost) ?? null;
  for (const [host, root] of roots) {
    if (root === any) continue;
    const wider = hostKeys(isWildcard(host) ? host.slice(2) : host).find(
      (key) => isWildcard(key) && roots.has(key),
    );
    root.next = wider === undefined ? any : (roots.get(wider) ?? any);
  }
  const named = [...roots].filter(([host]) => host !== anyHost);
  return {
    exact: hostTable(named.filter(([host]) => !isWildcard(host))),
    wildcards: hostTable(
      named.filter(([host]) => isWildcard(host)).map(([host, root]) => [host.slice(1), root]),
    ),
    any,
    prefixes: createOpenTable(
      prefixes.map((entry) => ({ name: encoder.encode(entry.path), seed: seedOf(entry.host), entry })),
      false,
    ),
  };
}

/**
 * What the hashes of a host's prefixes are mixed with. No two hosts have the same (the factor is odd), so hashes of the
 * same path differ from host to host.
 */
export function seedOf(host: number): number {
  return Math.imul(host, 0x9e37_79b1);
}

function hostTable<B>(roots: [host: string, root: Prefix<B>][]): OpenTable<Prefix<B>> {
  return createOpenTable(
    roots.map(([host, entry]) => ({ name: encoder.encode(host), seed: 0, entry })),
    true,
  );
}

const encoder = new TextEncoder();
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

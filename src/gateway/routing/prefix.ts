import type { Route } from "../../model/route.ts";
import type { CompiledCondition } from "./condition.ts";
import type { Match } from "./match.ts";

/** A path prefix of some route of a host; the root of each host's prefixes is the empty one, with or without routes. */
export interface Prefix<B> {
  // What every look-up reads stands first, in one line of a processor's cache.
  /** Of a root: the lengths of the other prefixes in bytes, longest first. */
  lengths: readonly number[];
  /** This prefix, or the longest that holds it, that has routes in `conditional`. */
  nearest: Prefix<B> | null;
  /** The first by precedence of the routes without a condition for this prefix and those that hold it. */
  plain: Match<B, Route> | null;
  /** Number of the host in its listener. */
  readonly host: number;
  /** Of a root: the one that is tried when no route of this host is for the request. */
  next: Prefix<B> | null;
  /** Place of `plain` in the precedence of the host's routes; above all places when there is none. */
  rank: number;
  /** Routes with a condition for this very prefix that come before `plain`, by precedence. */
  conditional: ConditionalMatch<B>[];
  /** The next after `nearest` that has such routes. */
  above: Prefix<B> | null;
  /** Without a slash at its end. */
  readonly path: string;
}

export interface ConditionalMatch<B> {
  readonly rank: number;
  readonly condition: CompiledCondition;
  readonly match: Match<B, Route>;
}

/** A route that is for the host, with its condition if it has one. */
export interface Candidate<B> {
  readonly match: Match<B, Route>;
  readonly condition: CompiledCondition | null;
}

/**
 * The prefixes of one host's routes, the root first, each after those that hold it.
 *
 * @param host its number
 * @param candidates by precedence
 */
export function createPrefixes<B>(
  host: number,
  candidates: readonly Candidate<B>[],
): [root: Prefix<B>, ...others: Prefix<B>[]] {
  const root = createPrefix<B>(host, "");
  const byPath = new Map([["", root]]);
  for (const [rank, { match, condition }] of candidates.entries()) {
    const path = bare(match.route.path);
    const prefix = byPath.get(path) ?? createPrefix(host, path);
    byPath.set(path, prefix);
    if (prefix.plain !== null) continue;
    if (condition === null) {
      prefix.plain = match;
      prefix.rank = rank;
    } else if (prefix.conditional.length > 0) prefix.conditional.push({ rank, condition, match });
    else prefix.conditional = [{ rank, condition, match }];
  }
  byPath.delete("");
  const others = [...byPath].sort(([a], [b]) => a.length - b.length);
  inherit(root, null);
  for (const [path, prefix] of others) inherit(prefix, holderOf(path, byPath) ?? root);
  if (others.length > 0) {
    const lengths = new Set(others.map(([path]) => Buffer.byteLength(path)));
    root.lengths = [...lengths].sort((a, b) => b - a);
  }
  return [root, ...others.map(([, prefix]) => prefix)];
}

/** Shared by all that have none, and never changed. */
const none: never[] = [];

function createPrefix<B>(host: number, path: string): Prefix<B> {
  return {
    lengths: none,
    nearest: null,
    plain: null,
    host,
    next: null,
    rank: 0x3fff_ffff,
    conditional: none,
    above: null,
    path,
  };
}

/** The longest of the prefixes that hold a path beside itself. */
function holderOf<B>(path: string, byPath: ReadonlyMap<string, Prefix<B>>): Prefix<B> | undefined {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const found = byPath.get(path.slice(0, end));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Takes over what holds for the prefix above, and drops the routes that a request can never get to. */
function inherit<B>(prefix: Prefix<B>, holder: Prefix<B> | null): void {
  if (holder !== null && holder.rank < prefix.rank) {
    prefix.plain = holder.plain;
    prefix.rank = holder.rank;
  }
  const reached = prefix.conditional.filter(({ rank }) => rank < prefix.rank);
  prefix.conditional = reached.length > 0 ? reached : none;
  prefix.above = holder?.nearest ?? null;
  prefix.nearest = prefix.conditional.length > 0 ? prefix : prefix.above;
}

/** A slash at the end of a prefix means nothing. */
function bare(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

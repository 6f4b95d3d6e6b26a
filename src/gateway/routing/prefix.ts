import type { Route } from "../../model/route.ts";
import type { CompiledCondition } from "./condition.ts";
import type { Match } from "./match.ts";

/** A path prefix of some route of a host; the root of each host's prefixes is the empty one, with or without routes. */
export interface Prefix<B> {
  /** Number of the host in its listener. */
  readonly host: number;
  /** Without a slash at its end. */
  readonly path: Uint8Array;
  /** The first by precedence of the routes without a condition for this prefix and those that hold it. */
  plain: Match<B, Route> | null;
  /** Its place in the precedence of the host's routes; above all places when there is none. */
  rank: number;
  /** Routes with a condition for this very prefix that come before `plain`, by precedence. */
  conditional: ConditionalMatch<B>[];
  /** This prefix, or the longest that holds it, that has such routes; and the next longer one that has. */
  nearest: Prefix<B> | null;
  above: Prefix<B> | null;
  /** Of a root: the lengths of the other prefixes, longest first. */
  lengths: readonly number[];
  /** Of a root: the one that is tried when no route of this host is for the request. */
  next: Prefix<B> | null;
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
    } else prefix.conditional.push({ rank, condition, match });
  }
  byPath.delete("");
  const others = [...byPath].sort(([a], [b]) => a.length - b.length);
  inherit(root, null);
  for (const [path, prefix] of others) inherit(prefix, holderOf(path, byPath) ?? root);
  const lengths = new Set(others.map(([, prefix]) => prefix.path.length));
  root.lengths = [...lengths].sort((a, b) => b - a);
  return [root, ...others.map(([, prefix]) => prefix)];
}

const encoder = new TextEncoder();

function createPrefix<B>(host: number, path: string): Prefix<B> {
  return {
    host,
    path: encoder.encode(path),
    plain: null,
    rank: 0x3fff_ffff,
    conditional: [],
    nearest: null,
    above: null,
    lengths: [],
    next: null,
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
  prefix.conditional = prefix.conditional.filter(({ rank }) => rank < prefix.rank);
  prefix.above = holder?.nearest ?? null;
  prefix.nearest = prefix.conditional.length > 0 ? prefix : prefix.above;
}

/** A slash at the end of a prefix means nothing. */
function bare(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

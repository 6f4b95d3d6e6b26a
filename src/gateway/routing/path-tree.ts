import type { Route } from "../../model/route.ts";
import { type CompiledCondition, compileCondition } from "./condition.ts";
import type { Match } from "./match.ts";

/** A path prefix of some route of a host, or one on the way to it. */
export interface Prefix<B> {
  /** Unique in the listener. */
  readonly id: number;
  readonly parent: Prefix<B> | null;
  /** Its last segment, without slashes. */
  readonly segment: Uint8Array;
  children: number;
  /** The first by precedence of the routes without a condition for this prefix and those above it. */
  plain: Match<B, Route> | null;
  /** Its place in the precedence of the host's routes; above all places when there is none. */
  rank: number;
  /** Routes with a condition for this very prefix that come before `plain`, by precedence. */
  conditional: ConditionalMatch<B>[];
  /** This prefix, or the nearest above it, that has such routes. */
  nearest: Prefix<B> | null;
  /** Of a root: whose routes are tried when none of this host is for the request. */
  next: Prefix<B> | null;
}

export interface ConditionalMatch<B> {
  readonly rank: number;
  readonly condition: CompiledCondition;
  readonly match: Match<B, Route>;
}

/**
 * The root of the prefixes of one host's routes.
 *
 * @param matches by precedence
 * @param all gets the prefixes, each after the one above it; the place of each is its id
 */
export function createPathTree<B>(matches: readonly Match<B, Route>[], all: Prefix<B>[]): Prefix<B> {
  const first = all.length;
  const root = addPrefix(all, null, "");
  const known = new Map<string, Prefix<B>>();
  for (const [rank, match] of matches.entries()) {
    let prefix = root;
    for (const segment of segmentsOf(match.route.path)) {
      const key = `${prefix.id}/${segment}`;
      let child = known.get(key);
      if (child === undefined) {
        child = addPrefix(all, prefix, segment);
        known.set(key, child);
      }
      prefix = child;
    }
    if (prefix.plain !== null) continue;
    const { when } = match.route;
    if (when === undefined) {
      prefix.plain = match;
      prefix.rank = rank;
    } else prefix.conditional.push({ rank, condition: compileCondition(when), match });
  }
  for (let id = first; id < all.length; id += 1) inherit(all[id] as Prefix<B>);
  return root;
}

function addPrefix<B>(all: Prefix<B>[], parent: Prefix<B> | null, segment: string): Prefix<B> {
  if (parent !== null) parent.children += 1;
  const prefix: Prefix<B> = {
    id: all.length,
    parent,
    segment: Uint8Array.from(Buffer.from(segment)),
    children: 0,
    plain: null,
    rank: 0x3fff_ffff,
    conditional: [],
    nearest: null,
    next: null,
  };
  all.push(prefix);
  return prefix;
}

/** Takes over what holds for the prefix above, and drops the routes that it can never get to. */
function inherit<B>(prefix: Prefix<B>): void {
  const { parent } = prefix;
  if (parent !== null && parent.rank < prefix.rank) {
    prefix.plain = parent.plain;
    prefix.rank = parent.rank;
  }
  prefix.conditional = prefix.conditional.filter(({ rank }) => rank < prefix.rank);
  prefix.nearest = prefix.conditional.length > 0 ? prefix : (parent?.nearest ?? null);
}

/** `/api/v1` and `/api/v1/` have two segments, `/` none. */
function segmentsOf(path: string): string[] {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare.split("/").slice(1);
}

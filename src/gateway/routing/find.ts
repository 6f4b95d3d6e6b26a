import type { Route } from "../../model/route.ts";
import type { RequestHead } from "../http1/head.ts";
import { hashByte, hashOf, hashSeed, isLowered, isSame, segmentSeed, spread } from "./byte-hash.ts";
import type { ClientPlace } from "./client-place.ts";
import { holds } from "./condition.ts";
import type { HostRoutes, ListenerRoutes } from "./listener-routes.ts";
import type { Match } from "./match.ts";
import type { OpenTable } from "./open-table.ts";
import type { Prefix } from "./path-tree.ts";

/**
 * The route of a request: routes for the exact host first, then for wildcards (the longer first), then for any host;
 * in each, by priority, then the longer path, then those with a condition before those without, then by id. A path is
 * looked at as it was sent: it is not decoded. Nothing is allocated but for conditions with expressions. Total: any
 * bytes are allowed; null when there is no route.
 */
export function findRoute<B>(
  listener: ListenerRoutes<B>,
  bytes: Uint8Array,
  head: RequestHead,
  client: ClientPlace,
): Match<B, Route> | null {
  const { pathStart } = head;
  const rooted = head.pathEnd > pathStart && bytes[pathStart] === slash;
  let host = hostRoutes(listener, bytes, head.authorityStart, head.hostEnd);
  while (host !== null) {
    const { root } = host;
    const prefix =
      rooted && root.children > 0 ? longestPrefix(listener, root, bytes, pathStart + 1, head.pathEnd) : root;
    const found = prefix.nearest === null ? prefix.plain : firstThatHolds(prefix, bytes, head, client);
    if (found !== null) return found;
    host = host.next;
  }
  return null;
}

const slash = 0x2f;
const dot = 0x2e;

/** The routes that come first for a host; those of `next` follow. */
function hostRoutes<B>(
  listener: ListenerRoutes<B>,
  bytes: Uint8Array,
  from: number,
  to: number,
): HostRoutes<B> | null {
  if (to <= from || from < 0) return listener.any;
  const { exact, wildcards } = listener;
  if (exact.entries.length > 0) {
    const found = named(exact, hashOf(bytes, from, to), bytes, from, to);
    if (found !== null) return found;
  }
  return wildcards.entries.length > 0 ? longestWildcard(listener, bytes, from, to) : listener.any;
}

function longestWildcard<B>(
  listener: ListenerRoutes<B>,
  bytes: Uint8Array,
  from: number,
  to: number,
): HostRoutes<B> | null {
  let longest = listener.any;
  let hash = hashSeed;
  for (let at = to - 1; at >= from; at -= 1) {
    const byte = bytes[at] as number;
    hash = hashByte(hash, byte);
    if (byte === dot) longest = named(listener.wildcards, spread(hash), bytes, at, to) ?? longest;
  }
  return longest;
}

function named<B>(
  table: OpenTable<HostRoutes<B>>,
  hash: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): HostRoutes<B> | null {
  const { slots, mask } = table;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const index = slots[slot * 2 + 1] as number;
    if (index === 0) return null;
    if (slots[slot * 2] !== hash) continue;
    const entry = table.entries[index - 1] as HostRoutes<B>;
    if (entry.name.length === to - from && isLowered(entry.name, bytes, from)) return entry;
  }
}

/** The last of the prefixes that hold the path. */
function longestPrefix<B>(
  listener: ListenerRoutes<B>,
  root: Prefix<B>,
  bytes: Uint8Array,
  from: number,
  to: number,
): Prefix<B> {
  let prefix = root;
  let start = from;
  for (;;) {
    const last = Math.min(to, start + listener.longestSegment);
    let hash = segmentSeed(prefix.id);
    let at = start;
    for (; at < last; at += 1) {
      const byte = bytes[at] as number;
      if (byte === slash) break;
      hash = hashByte(hash, byte);
    }
    if (at < to && bytes[at] !== slash) return prefix;
    const child = childOf(listener.prefixes, prefix, spread(hash), bytes, start, at);
    if (child === null) return prefix;
    prefix = child;
    if (prefix.children === 0 || at >= to) return prefix;
    start = at + 1;
  }
}

function childOf<B>(
  table: OpenTable<Prefix<B>>,
  parent: Prefix<B>,
  hash: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): Prefix<B> | null {
  const { slots, mask } = table;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const index = slots[slot * 2 + 1] as number;
    if (index === 0) return null;
    if (slots[slot * 2] !== hash) continue;
    const entry = table.entries[index - 1] as Prefix<B>;
    const { segment } = entry;
    if (entry.parent === parent && segment.length === to - from && isSame(segment, bytes, from)) return entry;
  }
}

/** The first by precedence of the routes of a prefix and those above it whose condition holds, or that have none. */
function firstThatHolds<B>(
  prefix: Prefix<B>,
  bytes: Uint8Array,
  head: RequestHead,
  client: ClientPlace,
): Match<B, Route> | null {
  let { plain: found, rank } = prefix;
  let level = prefix.nearest;
  while (level !== null) {
    const { conditional } = level;
    for (let index = 0; index < conditional.length; index += 1) {
      const candidate = conditional[index] as Prefix<B>["conditional"][number];
      if (candidate.rank >= rank) break;
      if (!holds(candidate.condition, bytes, head, client)) continue;
      found = candidate.match;
      rank = candidate.rank;
      break;
    }
    level = level.parent === null ? null : level.parent.nearest;
  }
  return found;
}

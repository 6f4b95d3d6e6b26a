import type { Route } from "../../model/route.ts";
import type { RequestHead } from "../http1/head.ts";
import { hashOf, isKey } from "./byte-key.ts";
import type { ClientPlace } from "./client-place.ts";
import { holds } from "./condition.ts";
import { type ListenerRoutes, segmentHash } from "./listener-routes.ts";
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
  const { pathStart, pathEnd } = head;
  const rooted = pathEnd > pathStart && bytes[pathStart] === slash;
  let root = hostRoot(listener, bytes, head.authorityStart, head.hostEnd);
  while (root !== null) {
    const prefix =
      rooted && root.children > 0 ? longestPrefix(listener, root, bytes, pathStart + 1, pathEnd) : root;
    const found = prefix.nearest === null ? prefix.plain : firstThatHolds(prefix, bytes, head, client);
    if (found !== null) return found;
    root = root.next;
  }
  return null;
}

const slash = 0x2f;
const dot = 0x2e;

/** The root of the routes that come first for a host; those of `next` follow. */
function hostRoot<B>(
  listener: ListenerRoutes<B>,
  bytes: Uint8Array,
  from: number,
  to: number,
): Prefix<B> | null {
  const { exact, wildcards } = listener;
  if (to <= from || from < 0) return listener.any;
  if (to - from <= exact.longest) {
    const found = entryOf(exact, hashOf(bytes, from, to), bytes, from, to, null);
    if (found !== null) return found;
  }
  for (let at = Math.max(from, to - wildcards.longest); at < to; at += 1) {
    if (bytes[at] !== dot) continue;
    const found = entryOf(wildcards, hashOf(bytes, at, to), bytes, at, to, null);
    if (found !== null) return found;
  }
  return listener.any;
}

/** The last of the prefixes that hold the path, which begins behind its first slash. */
function longestPrefix<B>(
  listener: ListenerRoutes<B>,
  root: Prefix<B>,
  bytes: Uint8Array,
  from: number,
  to: number,
): Prefix<B> {
  const { prefixes } = listener;
  let prefix = root;
  let start = from;
  for (;;) {
    const enough = Math.min(to, start + prefixes.longest + 1);
    let end = start;
    while (end < enough && bytes[end] !== slash) end += 1;
    if (end - start > prefixes.longest) return prefix;
    const hash = segmentHash(prefix.id, hashOf(bytes, start, end));
    const child = entryOf(prefixes, hash, bytes, start, end, prefix);
    if (child === null) return prefix;
    prefix = child;
    if (prefix.children === 0 || end >= to) return prefix;
    start = end + 1;
  }
}

/** The entry with the key, below the parent. */
function entryOf<B>(
  table: OpenTable<Prefix<B>>,
  hash: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  parent: Prefix<B> | null,
): Prefix<B> | null {
  const { slots, mask } = table;
  for (let slot = (hash & mask) * 4; ; slot = (slot + 4) & (mask * 4)) {
    const place = slots[slot + 3] as number;
    if (place === 0) return null;
    if (slots[slot] !== hash || slots[slot + 1] !== to - from) continue;
    if (!isKey(table.words, slots[slot + 2] as number, bytes, from, to)) continue;
    const entry = table.entries[place - 1] as Prefix<B>;
    if (entry.parent === parent) return entry;
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

import type { Route } from "../../model/route.ts";
import type { RequestHead } from "../http1/head.ts";
import { hashOf, isKey, viewOf } from "./byte-key.ts";
import type { ClientPlace } from "./client-place.ts";
import { holds } from "./condition.ts";
import { type ListenerRoutes, seedOf } from "./listener-routes.ts";
import type { Match } from "./match.ts";
import type { OpenTable } from "./open-table.ts";
import type { Prefix } from "./prefix.ts";

/**
 * The route of a request: routes for the exact host first, then for wildcards (the longer first), then for any host;
 * in each, by priority, then the longer path, then those with a condition before those without, then by id. A path is
 * looked at as it was sent: it is not decoded. Nothing is allocated but for conditions with expressions.
 *
 * @param head its offsets lie within the bytes, whatever these are
 * @param words the same memory; made when it is left out
 * @returns null when there is no route
 */
export function findRoute<B>(
  listener: ListenerRoutes<B>,
  bytes: Uint8Array,
  head: RequestHead,
  client: ClientPlace,
  words: DataView = viewOf(bytes),
): Match<B, Route> | null {
  let root = hostRoot(listener, bytes, words, head.authorityStart, head.hostEnd);
  while (root !== null) {
    const prefix =
      root.lengths.length > 0
        ? longestPrefix(listener.prefixes, root, bytes, words, head.pathStart, head.pathEnd)
        : root;
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
  words: DataView,
  from: number,
  to: number,
): Prefix<B> | null {
  const { exact, wildcards } = listener;
  if (to <= from || from < 0) return listener.any;
  if (to - from <= exact.longest) {
    const found = entryOf(exact, hashOf(words, from, to), words, from, to);
    if (found !== null) return found;
  }
  for (let at = Math.max(from, to - wildcards.longest); at < to; at += 1) {
    if (bytes[at] !== dot) continue;
    const found = entryOf(wildcards, hashOf(words, at, to), words, at, to);
    if (found !== null) return found;
  }
  return listener.any;
}

/** The longest of a host's prefixes that hold the path: those that end where a segment of it does. */
function longestPrefix<B>(
  prefixes: OpenTable<Prefix<B>>,
  root: Prefix<B>,
  bytes: Uint8Array,
  words: DataView,
  from: number,
  to: number,
): Prefix<B> {
  const { host, lengths } = root;
  for (let index = 0; index < lengths.length; index += 1) {
    const end = from + (lengths[index] as number);
    if (end > to || (end < to && bytes[end] !== slash)) continue;
    const hash = hashOf(words, from, end) ^ seedOf(host);
    const found = entryOf(prefixes, hash, words, from, end);
    if (found !== null) return found;
  }
  return root;
}

/** The entry with the key. Of keys with the same name, the hashes tell them apart (see `seedOf`). */
function entryOf<B>(
  table: OpenTable<Prefix<B>>,
  hash: number,
  words: DataView,
  from: number,
  to: number,
): Prefix<B> | null {
  const { slots, mask, keys } = table;
  for (let slot = (hash & mask) * 4; ; slot = (slot + 4) & (mask * 4)) {
    const place = slots[slot + 3] as number;
    if (place === 0) return null;
    if (slots[slot] !== hash || slots[slot + 1] !== to - from) continue;
    if (isKey(keys, slots[slot + 2] as number, words, from, to)) return table.entries[place - 1] as Prefix<B>;
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
    level = level.above;
  }
  return found;
}

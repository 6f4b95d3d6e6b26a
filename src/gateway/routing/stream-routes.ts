import type { StreamRoute } from "../../model/route.ts";
import { hostKeys } from "../host.ts";
import type { Match } from "./match.ts";

/** The routes of one `tcp` or `tls` listener. Immutable. */
export interface StreamRoutes<B> {
  /** By exact name and by wildcard; the empty name is any, also none. */
  readonly byName: ReadonlyMap<string, Match<B, StreamRoute>>;
}

/** Of routes for the same name, the one with the lowest id is taken. */
export function createStreamRoutes<B>(matches: readonly Match<B, StreamRoute>[]): StreamRoutes<B> {
  const byName = new Map<string, Match<B, StreamRoute>>();
  for (const match of matches) {
    const { serverNames, id } = match.route;
    for (const name of serverNames.length > 0 ? serverNames : [anyName]) {
      const other = byName.get(name);
      if (other === undefined || id < other.route.id) byName.set(name, match);
    }
  }
  return { byName };
}

/**
 * The route of a connection: of the exact name, else of the longest wildcard, else of any. Total: any string is
 * allowed.
 *
 * @param serverName what the TLS client asks for (SNI, RFC 6066 section 3); null where none was named
 */
export function findStream<B>(
  listener: StreamRoutes<B>,
  serverName: string | null,
): Match<B, StreamRoute> | null {
  if (serverName !== null && serverName !== anyName) {
    const lowered = serverName.toLowerCase();
    for (const key of hostKeys(lowered.endsWith(".") ? lowered.slice(0, -1) : lowered)) {
      const found = listener.byName.get(key);
      if (found !== undefined) return found;
    }
  }
  return listener.byName.get(anyName) ?? null;
}

const anyName = "";

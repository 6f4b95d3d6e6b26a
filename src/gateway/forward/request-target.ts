import type { IncomingMessage } from "node:http";
import { repeatsHost } from "./headers.ts";

/** Where a request asks to go. */
export interface RequestTarget {
  /** Path and query, or `*`. */
  path: string;
  /** Authority of a target in absolute form, which counts instead of the Host header (RFC 9112 section 3.2.2). */
  authority: string | null;
}

/** The request's target in origin form; null when it is in no form that a gateway answers, or names two hosts. */
export function requestTarget(
  request: Pick<IncomingMessage, "url" | "method" | "rawHeaders">,
): RequestTarget | null {
  if (repeatsHost(request.rawHeaders)) return null;
  const url = request.url ?? "";
  if (url.startsWith("/")) return { path: url, authority: null };
  if (url === "*" && request.method === "OPTIONS") return { path: url, authority: null };
  const absolute = /^https?:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?/i.exec(url);
  const authority = absolute?.[1];
  if (!authority || authority.includes("@")) return null;
  const rest = absolute[2] ?? "/";
  return { path: rest.startsWith("/") ? rest : `/${rest}`, authority };
}

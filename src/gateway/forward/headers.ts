/** Flat list of names and values as node's parser gives it: `[name, value, name, value, …]`. */
export type RawHeaders = readonly string[];

/** What the gateway knows of a request beside its own header. */
export interface Edge {
  remoteAddress: string;
  /** Address and port that the client connected to, as an authority. */
  localAuthority: string;
  localPort: number;
  scheme: "http" | "https";
  httpVersion: string;
  requestId: string;
}

/** How the message's body is framed towards the next hop. */
export type Framing = { kind: "none" } | { kind: "length"; length: string } | { kind: "chunked" };

/** RFC 9110 section 7.6.1, with the two older names that it warns of. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Names that only the gateway itself may say to a target. */
const replaced = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-real-ip",
  "x-request-id",
]);

/**
 * True for the names that only the gateway may say, also as `X_Forwarded_For`: CGI and WSGI servers make the same
 * variable of both (RFC 3875 section 4.1.18).
 */
function isReplaced(lower: string): boolean {
  return replaced.has(lower.includes("_") ? lower.replaceAll("_", "-") : lower);
}

/** True when Host is said more than once, which no server may let pass (RFC 9112 section 3.2). */
export function repeatsHost(raw: RawHeaders): boolean {
  let hosts = 0;
  for (let at = 0; at < raw.length; at += 2) if (raw[at]?.toLowerCase() === "host") hosts += 1;
  return hosts > 1;
}

/** Values of a header in a raw list, joined as RFC 9110 section 5.3 says; null when it is absent. */
export function headerOf(raw: RawHeaders, name: string): string | null {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === name) values.push(raw[at + 1] ?? "");
  }
  return values.length > 0 ? values.join(", ") : null;
}

/** Lower-case elements of a comma-separated header. */
export function tokensOf(value: string | null | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== "");
}

/**
 * The header of a request as it goes to a target: hop-by-hop fields and those that Connection names are gone, the
 * forwarding fields are the gateway's own, Host is the client's. What a client says in X-Forwarded-* is dropped.
 *
 * @param host authority of a request target in absolute form, which takes the Host header's place (RFC 9112 3.2.2)
 * @param upgrade token to ask the target for
 */
export function requestHeaders(
  raw: RawHeaders,
  edge: Edge,
  framing: Framing,
  host: string | null,
  upgrade: string | null,
): string[] {
  const out: string[] = [];
  const named = new Set(tokensOf(headerOf(raw, "connection")));
  let hostSeen: string | null = host;
  if (host !== null) out.push("Host", host);
  let via = "";
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "host") {
      if (hostSeen === null) out.push(name, value);
      hostSeen ??= value;
    } else if (lower === "via") via = via === "" ? value : `${via}, ${value}`;
    else if (lower === "content-length" || isReplaced(lower)) continue;
    else if (lower === "trailer" && framing.kind !== "chunked") continue;
    else if (!hopByHop.has(lower) && !named.has(lower)) out.push(name, value);
  }
  if (hostSeen === null) {
    // Only HTTP/1.0 lacks it; what goes to a target is HTTP/1.1, which needs it (RFC 9112 section 3.2).
    hostSeen = edge.localAuthority;
    out.push("Host", hostSeen);
  }
  if (framing.kind === "length") out.push("Content-Length", framing.length);
  if (framing.kind === "chunked") out.push("Transfer-Encoding", "chunked");
  out.push("X-Forwarded-For", edge.remoteAddress, "X-Forwarded-Proto", edge.scheme);
  out.push(
    "X-Forwarded-Host",
    hostSeen,
    "X-Forwarded-Port",
    String(edge.localPort),
    "X-Real-IP",
    edge.remoteAddress,
  );
  out.push(
    "X-Request-Id",
    edge.requestId,
    "Via",
    `${via === "" ? "" : `${via}, `}${edge.httpVersion} cutover`,
  );
  if (upgrade !== null) out.push("Connection", "Upgrade", "Upgrade", upgrade);
  return out;
}

/**
 * The header of a response as it goes to the client, without hop-by-hop fields.
 *
 * @param chunked the client gets chunks, so that a Trailer field is true
 */
export function responseHeaders(raw: RawHeaders, chunked: boolean): string[] {
  const out: string[] = [];
  const named = new Set(tokensOf(headerOf(raw, "connection")));
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || (named.has(lower) && lower !== "content-length")) continue;
    if (lower === "trailer" && !chunked) continue;
    out.push(name, raw[at + 1] ?? "");
  }
  return out;
}

/** Framing of a request's body by its header; null for a transfer coding that can't be passed on. */
export function requestFraming(raw: RawHeaders, method: string): Framing | null {
  const coding = headerOf(raw, "transfer-encoding");
  if (coding !== null) return coding.trim().toLowerCase() === "chunked" ? { kind: "chunked" } : null;
  const length = headerOf(raw, "content-length");
  if (length !== null) return { kind: "length", length };
  return mayLackLength.has(method) ? { kind: "none" } : { kind: "length", length: "0" };
}

/** Methods that need no Content-Length when they have no body (RFC 9110 section 8.6). */
const mayLackLength = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);

/** RFC 9110 section 9.2.2: may be repeated when it is unknown whether the first was acted on. */
export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** A client's own request id when it is harmless, else null. */
export function acceptableRequestId(value: string | null): string | null {
  return value !== null && /^[\w.:-]{1,128}$/.test(value) ? value : null;
}

/** `::ffff:192.0.2.1` is `192.0.2.1`. */
export function plainAddress(address: string | undefined): string {
  const text = address ?? "unknown";
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice(7) : text;
}

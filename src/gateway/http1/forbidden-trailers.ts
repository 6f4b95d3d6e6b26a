import { ascii, Octet } from "./octets.ts";

/** Fields that a server might heed although they came after the body (RFC 9110 section 6.5.1). */
const forbidden = [
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "location",
  "max-forwards",
  "pragma",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "retry-after",
  "set-cookie",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "www-authenticate",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-server",
  "x-real-ip",
  "x-request-id",
].map(ascii);

/** Octets of the longest forbidden name; longer names are allowed. */
export const longestTrailerName = Math.max(...forbidden.map((name) => name.length));

/**
 * Whether a trailer field may not be passed on: those above in any case and with `_` for `-`, and conditions
 * (`If-…`).
 */
export function isForbiddenTrailer(name: Uint8Array, length: number): boolean {
  if (length > 3 && folded(name[0]) === 105 && folded(name[1]) === 102 && folded(name[2]) === Octet.dash) {
    return true;
  }
  return forbidden.some((one) => {
    if (one.length !== length) return false;
    return one.every((octet, i) => folded(name[i]) === octet);
  });
}

function folded(octet: number | undefined): number {
  return octet === Octet.underscore ? Octet.dash : (octet ?? 0) | 0x20;
}

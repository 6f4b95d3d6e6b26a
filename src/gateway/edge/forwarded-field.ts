/** One hop of a `Forwarded` field (RFC 7239 section 4); null for what it does not say. */
export interface ForwardedHop {
  for: string | null;
  host: string | null;
  proto: string | null;
}

/** Hops of a list that are looked at; one that is longer is not believed. */
export const mostHops = 64;
/** One `name=value` and what follows it; values are tokens or quoted strings (RFC 9110 section 5.6). */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")[ \t]*(;|,|$)/y;
const token = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The hops that a Forwarded field names, in its order; null when it is not to the grammar. Nothing of such a field
 * counts: with quoted strings in it, what the last proxy wrote can't be told from what a client wrote before.
 */
export function forwardedHops(text: string): ForwardedHop[] | null {
  const hops: ForwardedHop[] = [];
  let hop: ForwardedHop = { for: null, host: null, proto: null };
  let open = true;
  pair.lastIndex = 0;
  for (let at = 0; at < text.length; at = pair.lastIndex) {
    const found = pair.exec(text);
    if (found === null || hops.length >= mostHops) return null;
    const name = (found[1] ?? "").toLowerCase();
    if (name === "for" || name === "host" || name === "proto") {
      if (hop[name] !== null) return null;
      hop[name] = found[2] ?? (found[3] ?? "").replace(/\\(.)/g, "$1");
    }
    open = found[4] !== "";
    if (found[4] === ";") continue;
    hops.push(hop);
    hop = { for: null, host: null, proto: null };
  }
  return open ? null : hops;
}

/** One hop in the words of RFC 7239 section 4; a host of "" is left out. */
export function forwardedHop(address: string, scheme: string, host: string): string {
  const named = host === "" ? "" : `;host=${token.test(host) ? host : `"${host.replace(/["\\]/g, "\\$&")}"`}`;
  return `for=${forwardedNode(address)}${scheme === "" ? "" : `;proto=${scheme}`}${named}`;
}

/** IPv6 is in brackets, and quoted because these are no token (section 6); no address is `unknown` (section 6.2). */
function forwardedNode(address: string): string {
  if (address === "") return "unknown";
  return address.includes(":") ? `"[${address}]"` : address;
}

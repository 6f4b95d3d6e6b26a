import { CutoverError } from "../../model/error.ts";
import { contains, parseAddress, parseBlock } from "../routing/address-block.ts";
import { forwardedHops, mostHops } from "./forwarded-field.ts";

/** Whether forwarding fields and PROXY headers of this address are believed. */
export type Trust = (address: string) => boolean;

/**
 * @param blocks addresses and CIDR blocks
 * @throws CutoverError USAGE for what is neither
 */
export function createTrust(blocks: readonly string[]): Trust {
  const parsed = blocks.map((text) => {
    const block = parseBlock(text.trim());
    if (block === null) {
      throw new CutoverError("USAGE", `trusted proxies are IP addresses and CIDR blocks, not '${text}'`);
    }
    return block;
  });
  if (parsed.length === 0) return () => false;
  return (text) => {
    const address = parseAddress(text);
    return address !== null && parsed.some((block) => contains(block, address));
  };
}

export type Scheme = "http" | "https";

/** Who a request comes from, as targets are told. */
export interface Client {
  /** IP address without zone or port; "" when the connection has none. */
  readonly address: string;
  /** How and on which port the client speaks to the outermost trusted hop. */
  readonly scheme: Scheme;
  readonly port: number;
  /** The Host that a trusted proxy says it was asked for; null for the request's own. */
  readonly host: string | null;
  /** The client and the trusted proxies after it, in the order in which they pass the request on. */
  readonly chain: readonly string[];
  /** Scheme of the connection to the gateway. */
  readonly peerScheme: Scheme;
}

/**
 * The client of a connection whose peer speaks for itself.
 *
 * @param port that the client connected to
 */
export function directClient(address: string, port: number, secure: boolean): Client {
  const bare = bareAddress(address) ?? "";
  const scheme = secure ? "https" : "http";
  return { address: bare, scheme, port, host: null, chain: [bare], peerScheme: scheme };
}

/** Forwarding fields of a request as text, several lines joined with commas (RFC 9110 section 5.3); null if absent. */
export interface Said {
  forwardedFor: string | null;
  forwarded: string | null;
  proto: string | null;
  host: string | null;
  port: string | null;
}

/**
 * Who is behind a trusted proxy: of the addresses in X-Forwarded-For the right-most that is not trusted, or the
 * left-most when all are. An entry that is no address ends the walk: the hop that wrote it is the client then. What
 * stands left of the client was said by the client itself and is not passed on.
 *
 * X-Forwarded-For goes before Forwarded (RFC 7239), which counts only where there is no X-Forwarded-For: a proxy that
 * writes one of the two lets the other pass as the client sent it, and nearly all write the first. A trusted proxy
 * that writes Forwarded must therefore remove X-Forwarded-For. Scheme and host of Forwarded are those of the client's
 * hop. Lists in X-Forwarded-Proto, -Host and -Port are read at the client's place, counted from the right; a shorter
 * list at its left end. Without X-Forwarded-Port the port is that of the host or the scheme that was said.
 *
 * @param peer the connection's own end, which `trust` believes
 */
export function resolveClient(trust: Trust, peer: Client, said: Said): Client {
  const hops = said.forwardedFor === null && said.forwarded !== null ? forwardedHops(said.forwarded) : null;
  const entries =
    said.forwardedFor !== null ? lastOf(said.forwardedFor) : (hops ?? []).map((hop) => hop.for ?? "");
  const chain = [peer.address];
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const address = bareAddress(entries[at] ?? "");
    if (address === null) break;
    chain.unshift(address);
    if (!trust(address)) break;
  }
  const place = Math.max(chain.length - 2, 0);
  const hop = hops?.[hops.length - 1 - place];
  const scheme = schemeOf(hop?.proto ?? atPlace(said.proto, place));
  const host = hostOf(hop?.host ?? atPlace(said.host, place));
  return {
    address: chain[0] ?? "",
    scheme: scheme ?? peer.scheme,
    port: portOf(atPlace(said.port, place), scheme, host) ?? peer.port,
    host,
    chain,
    peerScheme: peer.scheme,
  };
}

/** The last entries of a list, as many as are looked at. */
function lastOf(list: string): string[] {
  return list.split(",").slice(-mostHops);
}

function atPlace(list: string | null, fromRight: number): string | null {
  if (list === null) return null;
  const entries = lastOf(list);
  return (entries[Math.max(entries.length - 1 - fromRight, 0)] ?? "").trim();
}

/** An address as it may stand in a list: in brackets, with a port; null for everything else. */
function bareAddress(entry: string): string | null {
  const text = entry.trim();
  const found = /^(?:\[([0-9a-f:.]+)(?:%[^\]]*)?\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})$/i.exec(text);
  const bare = (found?.[1] ?? found?.[2] ?? text).split("%", 1)[0] ?? "";
  return parseAddress(bare) === null ? null : plain(bare.toLowerCase());
}

function plain(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** Proxies name WebSockets by schemes of their own. */
function schemeOf(text: string | null): Scheme | null {
  const lower = text?.toLowerCase();
  if (lower === "https" || lower === "wss") return "https";
  return lower === "http" || lower === "ws" ? "http" : null;
}

/** Only what an authority may consist of (RFC 3986 section 3.2), so that it may stand in any field. */
function hostOf(text: string | null): string | null {
  if (text === null) return null;
  return /^(?:\[[0-9a-f:.]{2,45}\]|[\w!$&'()*+;=%~.-]{1,253})(?::\d{1,5})?$/i.test(text) ? text : null;
}

function portOf(text: string | null, scheme: Scheme | null, host: string | null): number | null {
  const named = validPort(text) ?? validPort(/:(\d{1,5})$/.exec(host ?? "")?.[1] ?? null);
  if (named !== null || scheme === null) return named;
  return scheme === "https" ? 443 : 80;
}

function validPort(text: string | null): number | null {
  const port = text !== null && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : null;
}

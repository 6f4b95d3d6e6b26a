import { parseAddress } from "../routing/address-block.ts";
import { canonicalAddress, readAddress, writeAddress } from "./address-text.ts";

/** The PROXY protocol of haproxy.org, versions 1 (text, section 2.1) and 2 (binary, section 2.2). */

export interface SocketAddress {
  /** As RFC 5952 writes it; IPv4 in IPv6 as IPv4. */
  address: string;
  port: number;
}

export type ProxyRead =
  /** It may become a header with more bytes. */
  | { kind: "more" }
  | {
      kind: "header";
      /** Offset after it: of the first byte that is the client's. */
      end: number;
      version: 1 | 2;
      /** The proxy speaks for itself (a health check): the connection's own addresses count. */
      local: boolean;
      /** Null where none is given (`UNKNOWN`, `UNSPEC`, unix sockets): the connection's own addresses count. */
      source: SocketAddress | null;
      destination: SocketAddress | null;
    }
  /** A token for the log. */
  | { kind: "bad"; reason: string };

/** Longest header that is taken. Version 2 allows 64 KiB of extensions; those in use have some hundred bytes. */
export const longestProxyHeader = 4_096;

const more: ProxyRead = { kind: "more" };
const textSignature = new TextEncoder().encode("PROXY ");
const binarySignature = new Uint8Array([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]);
/** Section 2.1: with the line's end. */
const longestLine = 107;
const binaryHead = 16;
const lineFeed = 10;
const carriageReturn = 13;

/**
 * Reads the header that begins a connection, from `start`; bytes from `end` on are not there yet. Never throws. It is
 * for the caller to believe it only from addresses that may speak for others (section 5).
 */
export function readProxyHeader(bytes: Uint8Array, start: number, end: number): ProxyRead {
  if (start >= end) return more;
  const binary = bytes[start] === carriageReturn;
  const signature = binary ? binarySignature : textSignature;
  const known = Math.min(signature.length, end - start);
  for (let index = 0; index < known; index += 1) {
    if (bytes[start + index] !== signature[index]) return bad("no-proxy-header");
  }
  return binary ? readBinary(bytes, start, end) : readText(bytes, start, end);
}

function readText(bytes: Uint8Array, start: number, end: number): ProxyRead {
  const limit = Math.min(end, start + longestLine);
  let at = start;
  while (at < limit && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) at += 1;
  if (at < limit && bytes[at] === lineFeed) return bad("proxy-line-end");
  if (at === limit || at + 1 === limit) return end - start >= longestLine ? bad("proxy-line-too-long") : more;
  if (bytes[at + 1] !== lineFeed) return bad("proxy-line-end");
  const words = String.fromCharCode(...bytes.subarray(start + textSignature.length, at)).split(" ");
  const [family = "", from = "", to = "", fromPort = "", toPort = ""] = words;
  const header = { kind: "header", end: at + 2, version: 1, local: false } as const;
  if (family === "UNKNOWN") return { ...header, source: null, destination: null };
  if ((family !== "TCP4" && family !== "TCP6") || words.length !== 5) return bad("proxy-line");
  const source = textAddress(family, from, fromPort);
  const destination = textAddress(family, to, toPort);
  if (source === null || destination === null) return bad("proxy-address");
  return { ...header, source, destination };
}

function textAddress(family: "TCP4" | "TCP6", text: string, portText: string): SocketAddress | null {
  if (!/^[0-9a-f:.]+$/i.test(text) || text.includes(":") !== (family === "TCP6")) return null;
  const address = canonicalAddress(text);
  const port = /^(0|[1-9]\d{0,4})$/.test(portText) ? Number(portText) : 65_536;
  return address === null || port > 65_535 ? null : { address, port };
}

function readBinary(bytes: Uint8Array, start: number, end: number): ProxyRead {
  if (end - start > 12 && (bytes[start + 12] as number) >> 4 !== 2) return bad("proxy-version");
  if (end - start < binaryHead) return more;
  const command = (bytes[start + 12] as number) & 15;
  const family = bytes[start + 13] as number;
  const length = ((bytes[start + 14] as number) << 8) | (bytes[start + 15] as number);
  const least = leastLength[family];
  if (command > 1) return bad("proxy-command");
  // A receiver has to skip the addresses of LOCAL, whatever their family (section 2.2).
  if (command === 1 && least === undefined) return bad("proxy-family");
  if (command === 1 && length < (least ?? 0)) return bad("proxy-length");
  if (binaryHead + length > longestProxyHeader) return bad("proxy-header-too-long");
  const after = start + binaryHead + length;
  if (after > end) return more;
  const header = { kind: "header", end: after, version: 2, local: command === 0 } as const;
  const size = family === tcp4 ? 4 : family === tcp6 ? 16 : 0;
  if (command === 0 || size === 0) return { ...header, source: null, destination: null };
  const at = start + binaryHead;
  return {
    ...header,
    source: binaryAddress(bytes, at, at + 2 * size, size),
    destination: binaryAddress(bytes, at + size, at + 2 * size + 2, size),
  };
}

const tcp4 = 0x11;
const tcp6 = 0x21;
const unixStream = 0x31;
/** Bytes of both ends by family and transport; those of datagrams can't be those of this connection. */
const leastLength: Readonly<Record<number, number>> = { 0: 0, [tcp4]: 12, [tcp6]: 36, [unixStream]: 216 };

function binaryAddress(bytes: Uint8Array, at: number, portAt: number, size: 4 | 16): SocketAddress {
  return {
    address: readAddress(bytes, at, size),
    port: ((bytes[portAt] as number) << 8) | (bytes[portAt + 1] as number),
  };
}

function bad(reason: string): ProxyRead {
  return { kind: "bad", reason };
}

/**
 * The header for a connection to a target. Where one end is IPv6, both are written so. Without a source, or with an
 * address that is none, it says that the gateway speaks for itself.
 */
export function writeProxyHeader(
  version: 1 | 2,
  source: SocketAddress | null,
  destination: SocketAddress | null,
): Uint8Array {
  const from = source === null ? null : parseAddress(source.address);
  const to = destination === null ? null : parseAddress(destination.address);
  if (source === null || destination === null || from === null || to === null) {
    if (version === 1) return new TextEncoder().encode("PROXY UNKNOWN\r\n");
    return new Uint8Array([...binarySignature, 0x20, 0, 0, 0]);
  }
  const size = from.v4 && to.v4 ? 4 : 16;
  if (version === 1) {
    const text = (address: string) => (size === 16 && !address.includes(":") ? `::ffff:${address}` : address);
    const ends = [source, destination].map((end) => text(canonicalAddress(end.address) ?? "")).join(" ");
    return new TextEncoder().encode(
      `PROXY ${size === 4 ? "TCP4" : "TCP6"} ${ends} ${source.port} ${destination.port}\r\n`,
    );
  }
  const out = new Uint8Array(binaryHead + 2 * size + 4);
  out.set(binarySignature);
  out.set([0x21, size === 4 ? tcp4 : tcp6, 0, 2 * size + 4], 12);
  const ports = writeAddress(out, writeAddress(out, binaryHead, from, size), to, size);
  out.set([source.port >> 8, source.port & 255, destination.port >> 8, destination.port & 255], ports);
  return out;
}

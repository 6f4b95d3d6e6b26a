import { type SocketAddress, writeProxyHeader } from "../edge/proxy-protocol.ts";
import type { Connection } from "../transport/transport.ts";
import { constant } from "./constants.ts";

/** Both ends of a client's connection as a proxy in front says; null for a side of which it says nothing. */
export interface ProxiedEnds {
  readonly source: SocketAddress | null;
  readonly destination: SocketAddress | null;
}

/** A client's connection, and what a proxy in front said of it. */
export interface ProxiedHost {
  readonly connection: Connection;
  readonly ends: ProxiedEnds | null;
}

/** The PROXY header that a target is sent for a client: the ends of its own connection, or those that a proxy said. */
export function proxyHeaderOf(version: 1 | 2, host: ProxiedHost): Uint8Array {
  const { connection, ends } = host;
  const source = ends?.source ?? {
    address: connection.remoteAddress(),
    port: connection.remotePort(),
  };
  const destination = ends?.destination ?? {
    address: connection.localAddress(),
    port: connection.localPort(),
  };
  return writeProxyHeader(version, source, destination);
}

/** Sends it as the first bytes of a connection to a target; nothing for version 0. */
export function sendProxyHeader(to: Connection, version: 0 | 1 | 2, host: ProxiedHost): void {
  if (version === 0) return;
  const header = constant(proxyHeaderOf(version, host));
  to.write(header.block, header.start, header.end);
}

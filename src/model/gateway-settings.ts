/** Settings of a gateway as a whole, the same in all of its workers. Milliseconds and bytes. */
export interface GatewaySettings {
  /** Processes that serve; 0 for one a core, two at least. */
  workers: number;
  /** How connections are handled: `auto` takes `raw` where its self-test succeeds. */
  transport: "auto" | "raw" | "net";
  /** Addresses and CIDR blocks whose forwarding fields and PROXY headers are believed. */
  trustedProxies: string[];
  /** Connections begin with a PROXY header (version 1 or 2), which is believed from trusted proxies only. */
  proxyProtocol: boolean;
  /** Whether RFC 7239 `Forwarded` is sent beside X-Forwarded-*. */
  forwarded: boolean;
  /** Which requests are logged: all, those that got no whole answer of a target (whatever its status), none. */
  accessLog: "all" | "errors" | "off";
  /** A directory with pages of one's own: `404.html`, `503.json`, `5xx.html`; empty for none. */
  errorPages: string;
  /** A directory for request bodies that are buffered on disk. */
  spool: string;
  /** Whether the kernel passes on connections of TCP listeners that ask for it. */
  kernelStreams: boolean;
  /** Time for a request's head, from its first byte or the connection's begin. */
  headerMs: number;
  /** Time without a byte of a request's body. */
  bodyMs: number;
  /** Time without a request on a connection. */
  keepAliveMs: number;
  /** Time in which a client takes no byte of a response. */
  sendMs: number;
  /** How long a client that has ended its side may wait for the answer. */
  halfClosedMs: number;
  /** Time without a byte in either direction on an upgraded connection or a stream; 0 for ever. */
  tunnelMs: number;
  /** Bytes a second that a client must send of a body, and take of a response, after five seconds; 0 for none. */
  minRate: number;
  /** Connections in all, from one address (of none that is a trusted proxy), and requests on one connection. */
  maxConnections: number;
  maxConnectionsPerAddress: number;
  maxRequestsPerConnection: number;
  /** Bytes of a request line, number of fields, and bytes of a head. */
  maxLineBytes: number;
  maxFields: number;
  maxHeadBytes: number;
}

export const defaultGatewaySettings: GatewaySettings = {
  workers: 0,
  transport: "auto",
  trustedProxies: [],
  proxyProtocol: false,
  forwarded: false,
  accessLog: "all",
  errorPages: "",
  spool: "/run/cutover/spool",
  kernelStreams: false,
  headerMs: 15_000,
  bodyMs: 60_000,
  keepAliveMs: 65_000,
  sendMs: 60_000,
  halfClosedMs: 30_000,
  tunnelMs: 0,
  minRate: 240,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 2_000,
  maxRequestsPerConnection: 100_000,
  maxLineBytes: 8_192,
  maxFields: 128,
  maxHeadBytes: 32_768,
};

import type { GatewaySettings } from "./gateway-settings.ts";

/** What a setting's value may be. Bounds are milliseconds, bytes or a number. */
export type SettingKind =
  | { type: "choice"; values: readonly string[] }
  | { type: "truth" }
  | { type: "duration" | "size" | "count"; min: number; max: number }
  /** Addresses and CIDR blocks with commas between. */
  | { type: "addresses" }
  /** An absolute path; with `none` also no directory at all. */
  | { type: "directory"; none: boolean };

export interface GatewaySetting {
  /** As it is written: `--NAME` of the daemon, `--gateway NAME=VALUE` of `cutover up`. */
  name: string;
  key: keyof GatewaySettings;
  kind: SettingKind;
  /** One sentence for people. */
  meaning: string;
}

const day = 86_400_000;
const million = 1_000_000;

/** Every setting of the gateway as a whole, in the order of docs/reference/gateway-settings.md. */
export const gatewaySettingCatalogue: readonly GatewaySetting[] = [
  setting("workers", "workers", count(0, 256), "Processes that serve; `0` is one a core, two at least."),
  setting(
    "transport",
    "transport",
    { type: "choice", values: ["auto", "raw", "net"] },
    "How connections are handled: `raw` handles, Node's public `net`, or `auto`: `raw` where its self-test succeeds.",
  ),
  setting(
    "trusted-proxies",
    "trustedProxies",
    { type: "addresses" },
    "Addresses and CIDR blocks, with commas between, whose forwarding fields and PROXY headers are believed.",
  ),
  setting(
    "proxy-protocol",
    "proxyProtocol",
    { type: "truth" },
    "Connections begin with a PROXY header, version 1 or 2; it is believed from `trusted-proxies` only.",
  ),
  setting(
    "forwarded",
    "forwarded",
    { type: "truth" },
    "Targets are sent the field `Forwarded` (RFC 7239) beside `X-Forwarded-*`.",
  ),
  setting(
    "access-log",
    "accessLog",
    { type: "choice", values: ["all", "errors", "off"] },
    "Which requests are logged: all, those that got no whole answer of a container, or none.",
  ),
  setting(
    "error-pages",
    "errorPages",
    { type: "directory", none: true },
    "Directory with pages of your own for the gateway's errors: `404.html`, `503.json`, `5xx.html`.",
  ),
  setting(
    "spool",
    "spool",
    { type: "directory", none: false },
    "Directory for request bodies that are buffered on disk.",
  ),
  setting(
    "kernel-streams",
    "kernelStreams",
    { type: "truth" },
    "The kernel passes on connections of services with `protocol: tcp` and `kernel: true`; needs `nft` and `conntrack`.",
  ),
  setting(
    "header-timeout",
    "headerMs",
    duration(10, day),
    "Time for a request's head, from its first byte or the connection's begin.",
  ),
  setting("body-timeout", "bodyMs", duration(10, day), "Time without a byte of a request's body."),
  setting("keep-alive-timeout", "keepAliveMs", duration(10, day), "Time without a request on a connection."),
  setting("send-timeout", "sendMs", duration(10, day), "Time in which a client takes no byte of a response."),
  setting(
    "half-closed-timeout",
    "halfClosedMs",
    duration(10, day),
    "How long a client that has ended its side may wait for the answer.",
  ),
  setting(
    "tunnel-timeout",
    "tunnelMs",
    duration(0, 7 * day),
    "Time without a byte in either direction on a WebSocket, another upgrade or a TCP stream; `0s` is for ever.",
  ),
  setting(
    "min-rate",
    "minRate",
    size(0, 2 ** 30),
    "Bytes a second that a client must send of a body, and take of a response, after five seconds; `0` is none.",
  ),
  setting("max-connections", "maxConnections", count(1, million), "Connections of clients in all."),
  setting(
    "max-connections-per-address",
    "maxConnectionsPerAddress",
    count(1, million),
    "Connections from one address; `trusted-proxies` have no such limit.",
  ),
  setting(
    "max-requests-per-connection",
    "maxRequestsPerConnection",
    count(1, 1_000 * million),
    "Requests on one connection, which is closed after them.",
  ),
  setting("max-line", "maxLineBytes", size(256, 2 ** 16), "Bytes of a request line."),
  setting("max-fields", "maxFields", count(8, 1_000), "Fields of a request's head."),
  setting("max-head", "maxHeadBytes", size(1_024, 2 ** 20), "Bytes of a request's head."),
];

function setting(
  name: string,
  key: keyof GatewaySettings,
  kind: SettingKind,
  meaning: string,
): GatewaySetting {
  return { name, key, kind, meaning };
}

function duration(min: number, max: number): SettingKind {
  return { type: "duration", min, max };
}

function size(min: number, max: number): SettingKind {
  return { type: "size", min, max };
}

function count(min: number, max: number): SettingKind {
  return { type: "count", min, max };
}

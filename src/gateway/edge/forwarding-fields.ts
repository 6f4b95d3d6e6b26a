import { type Client, directClient } from "./client-identity.ts";
import { forwardedHop } from "./forwarded-field.ts";
import { clientSegment } from "./log-line.ts";

/**
 * What targets are told about a client, as bytes that are copied into each of its requests. Where a request names
 * its host, X-Forwarded-Host and the end of Forwarded are added to it (see `composeRequest`).
 */
export interface ClientFields {
  readonly client: Client;
  /** X-Forwarded-For, -Proto, -Port, X-Real-IP and Via, whole lines, for a request of HTTP/1.1 and of HTTP/1.0. */
  readonly fields: Uint8Array;
  readonly fields10: Uint8Array;
  /** The client in the access log. */
  readonly logName: Uint8Array;
  /** X-Forwarded-Host that a trusted proxy said; null for the request's own. */
  readonly forwardedHost: Uint8Array | null;
  /** Line of RFC 7239 `Forwarded` up to the host parameter of its last hop; null when it is not sent. */
  readonly forwarded: Uint8Array | null;
}

/** @param forwarded whether `Forwarded` is sent too */
export function clientFields(client: Client, forwarded: boolean): ClientFields {
  return {
    client,
    fields: fieldLines(client, 1),
    fields10: fieldLines(client, 0),
    logName: clientSegment(client.address),
    forwardedHost: client.host === null ? null : Buffer.from(client.host, "latin1"),
    forwarded: forwarded ? Buffer.from(`Forwarded: ${forwardedValue(client)}`, "latin1") : null,
  };
}

/** Via names the version that the gateway received (RFC 9110 section 7.6.3). */
function fieldLines(client: Client, minor: 0 | 1): Uint8Array {
  const chain = client.chain.map(nameOf).join(", ");
  return Buffer.from(
    `X-Forwarded-For: ${chain}\r\nX-Forwarded-Proto: ${client.scheme}\r\nX-Forwarded-Port: ${client.port}\r\n` +
      `X-Real-IP: ${nameOf(client.address)}\r\nVia: 1.${minor} cutover\r\n`,
    "latin1",
  );
}

function nameOf(address: string): string {
  return address === "" ? "unknown" : address;
}

/** The client's hop first, with what is known of it; the last hop is the one that the gateway itself adds. */
function forwardedValue(client: Client): string {
  const last = client.chain.length - 1;
  const hops = client.chain.map((address, index) => {
    if (index === last) return forwardedHop(address, client.peerScheme, "");
    return index === 0
      ? forwardedHop(address, client.scheme, client.host ?? "")
      : forwardedHop(address, "", "");
  });
  return `${hops.join(", ")};by=_cutover`;
}

/** Fields of clients that were here lately, so that they are made once for connections that come again and again. */
export class ClientFieldsCache {
  readonly #forwarded: boolean;
  readonly #most: number;
  /** Those used since the last change of generations, and those before: a client in neither is made anew. */
  #young = new Map<string, ClientFields>();
  #old = new Map<string, ClientFields>();

  /** @param most clients of a generation; at most twice as many are kept */
  constructor(forwarded: boolean, most = 2_048) {
    this.#forwarded = forwarded;
    this.#most = most;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** For a peer that speaks for itself; arguments as of `directClient`. */
  direct(address: string, port: number, secure: boolean): ClientFields {
    const key = `${secure ? "s" : "p"}${port} ${address}`;
    const known = this.#young.get(key);
    return known ?? this.#keep(key, this.#old.get(key) ?? this.#make(directClient(address, port, secure)));
  }

  /** For a client behind a trusted proxy. */
  of(client: Client): ClientFields {
    const { scheme, port, peerScheme, host, chain } = client;
    const key = `${scheme} ${peerScheme} ${port} ${host ?? ""} ${chain.join()}`;
    return this.#young.get(key) ?? this.#keep(key, this.#old.get(key) ?? this.#make(client));
  }

  #make(client: Client): ClientFields {
    return clientFields(client, this.#forwarded);
  }

  #keep(key: string, fields: ClientFields): ClientFields {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, fields);
    return fields;
  }
}

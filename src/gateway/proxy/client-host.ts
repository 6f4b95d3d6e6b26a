import type { ClientFields } from "../edge/forwarding-fields.ts";
import type { Door } from "../gate.ts";
import type { ClientPlace } from "../routing/client-place.ts";
import type { Connection } from "../transport/transport.ts";
import type { Block } from "../transport/block.ts";
import type { ResponseHead } from "../http1/head.ts";
import type { Plane } from "./plane.ts";
import type { ProxiedEnds } from "./proxy-header.ts";
import type { Tunnel } from "./tunnel.ts";
import type { UpstreamConnection } from "./upstream.ts";

/** The client connection, as the exchange on it sees it. */
export interface ClientHost {
  readonly plane: Plane;
  readonly connection: Connection;
  readonly door: Door;
  /** The client of the present request, and what targets are told of it. */
  readonly place: ClientPlace;
  readonly fields: ClientFields;
  readonly localAuthority: Uint8Array;
  /** What a proxy in front says of the connection; null without one. */
  readonly ends: ProxiedEnds | null;
  /** The client has ended its side. */
  readonly halfClosed: boolean;
  /** Keeps bytes that come after the present request. */
  putBy(bytes: Uint8Array, start: number, end: number): void;
  /** Stops reading from the client, and goes on. */
  pause(): void;
  resume(): void;
  /** Whether the connection may go on after this exchange, as far as the gateway is concerned. */
  mayGoOn(): boolean;
  /** The answer is written, and the request read: on to the next, or the connection's end. */
  over(goOn: boolean): void;
  /**
   * Joins the client's connection with the target's, after the head in the block, which is written as it is.
   *
   * @param closed is called when both are closed
   */
  openTunnel(
    upstream: UpstreamConnection,
    block: Block,
    head: ResponseHead,
    end: number,
    closed: () => void,
  ): Tunnel;
  /** The client's connection ends at once; with RST where its end must not look like the answer's end. */
  breakOff(reset: boolean): void;
}

import type { Server } from "node:net";
import type { Block } from "./block.ts";
import type { ReadBlocks } from "./read-blocks.ts";

/** What a write came to. */
export const Written = {
  /** The kernel has all bytes. */
  done: 0,
  /** The rest is sent when the peer takes it; the block is lent until then, and `drained` follows. */
  queued: 1,
  /** The connection takes no more bytes. What the peer has sent before can still be read. */
  refused: 2,
} as const;
export type Written = (typeof Written)[keyof typeof Written];

/**
 * The user of a connection. It is called by the event loop only, never out of a call to the connection. After
 * `Connection.close` or `reset` it is not called any more.
 */
export interface Endpoint {
  /** An outgoing connection stands, and is read from. */
  connected(): void;
  /**
   * Bytes from start up to end arrived. They are the endpoint's to read and to overwrite until it returns, with
   * `headroom` before and `parserRoom` behind them; what it lends by writing it out stays untouched for longer.
   */
  received(block: Block, start: number, end: number): void;
  /** The peer will send no more (FIN). The other direction still stands. */
  ended(): void;
  /** All that was queued is with the kernel. */
  drained(): void;
  /**
   * A queued write failed: the connection takes no more bytes, but may still be read from. On `net` a connection breaks
   * with its first write that fails: `failed` is told instead, also after a write was refused at once.
   */
  refused(): void;
  /** The connection could not be made or broke (a system error code: `ECONNREFUSED`). Only `close` is of use now. */
  failed(code: string): void;
}

/** One TCP connection. All calls are allowed at any time; after `close` they do nothing. */
export interface Connection {
  /** May be changed at any time. */
  endpoint: Endpoint;
  /** Number of writes under way. */
  readonly queued: number;
  readonly closed: boolean;
  /**
   * Bytes that were written and that the kernel has not taken: how a peer's progress is seen. On `net` a block counts as
   * a whole until all of it is taken.
   */
  unsent(): number;
  /**
   * Sends the bytes of the block from start up to end. `lent` of the block tells whether it is still needed. Before the
   * connection stands, and while bytes are queued, they are queued.
   */
  write(block: Block, start: number, end: number): Written;
  /** Stops and starts reading: how the sender is slowed down. While it is stopped nothing tells that the peer left. */
  pause(): void;
  resume(): void;
  /** Sends FIN after what is queued. */
  end(): void;
  /** Lets go of the connection at once. What is queued may be lost. */
  close(): void;
  /** Closes with RST, so that the peer can't take what it has for the whole. */
  reset(): void;
  /**
   * Plain addresses: IPv4 in IPv6 is written as IPv4. What was not asked for while the connection stood may be empty, and
   * a port 0.
   */
  remoteAddress(): string;
  remotePort(): number;
  localAddress(): string;
  localPort(): number;
}

/** A connection could not be accepted (a system error code: `EMFILE`). The server goes on. */
export type AcceptFailed = (code: string) => void;

/** A way to use the kernel's TCP. Both ways behave the same; `raw` is the faster one. */
export interface Transport {
  readonly name: "raw" | "net";
  /** What connections read into. */
  readonly blocks: ReadBlocks;
  /**
   * Takes the connections of a server that listens. `accepted` says who uses a connection, or null to refuse it.
   * `server.close()` stops accepting and does not wait for connections. Two servers may have the same `accepted`.
   */
  accept(server: Server, accepted: (connection: Connection) => Endpoint | null, failed?: AcceptFailed): void;
  /** Starts to connect to an IP address. The outcome is told to the endpoint, never at once. */
  connect(address: string, port: number, endpoint: Endpoint): Connection;
}

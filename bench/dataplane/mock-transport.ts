import type { Server } from "node:net";
import type { Block } from "../../src/gateway/transport/block.ts";
import { ReadBlocks } from "../../src/gateway/transport/read-blocks.ts";
import {
  type Connection,
  type Endpoint,
  type Transport,
  Written,
} from "../../src/gateway/transport/transport.ts";

/** A connection without a socket: what is written is counted, what is received is put in by `deliver`. */
class MockConnection implements Connection {
  endpoint: Endpoint;
  queued = 0;
  closed = false;
  /** Bytes written since the last look. */
  written = 0;
  readonly #transport: MockTransport;
  readonly #block: Block;

  constructor(transport: MockTransport, block: Block, endpoint: Endpoint) {
    this.#transport = transport;
    this.#block = block;
    this.endpoint = endpoint;
  }

  /** Copies bytes to where a read would have put them, and tells the endpoint. */
  deliver(content: Uint8Array): void {
    const { start } = this.#block;
    this.#block.bytes.set(content, start);
    this.endpoint.received(this.#block, start, start + content.length);
  }

  unsent(): number {
    return 0;
  }

  write(_block: Block, start: number, end: number): Written {
    this.written += end - start;
    this.#transport.writer = this;
    return Written.done;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  close(): void {
    this.closed = true;
  }
  reset(): void {
    this.closed = true;
  }
  remoteAddress(): string {
    return "127.0.0.1";
  }
  remotePort(): number {
    return 50_000;
  }
  localAddress(): string {
    return "127.0.0.1";
  }
  localPort(): number {
    return 80;
  }
}
export type { MockConnection };

/** A transport whose connections are in this process only. Writes are always done at once. */
export class MockTransport implements Transport {
  readonly name = "raw";
  readonly blocks = new ReadBlocks();
  /** The connection that was written to last. */
  writer: MockConnection | null = null;
  readonly #shared: Block;
  #accepted: ((connection: Connection) => Endpoint | null) | null = null;
  #connecting: MockConnection[] = [];

  /** @param shared what accepted connections read into */
  constructor(shared: Block) {
    this.#shared = shared;
    shared.shared = true;
  }

  accept(_server: Server, accepted: (connection: Connection) => Endpoint | null): void {
    this.#accepted = accepted;
  }

  connect(_address: string, _port: number, endpoint: Endpoint): Connection {
    const connection = new MockConnection(this, this.blocks.take(), endpoint);
    this.#connecting.push(connection);
    return connection;
  }

  /** A client that has just connected. @throws when it is refused */
  client(): MockConnection {
    const connection = new MockConnection(this, this.#shared, nobody);
    const endpoint = this.#accepted?.(connection);
    if (!endpoint) throw new Error("the connection was refused");
    connection.endpoint = endpoint;
    return connection;
  }

  /** Lets all connections that were begun stand. */
  pump(): void {
    if (this.#connecting.length === 0) return;
    const connecting = this.#connecting;
    this.#connecting = [];
    for (const connection of connecting) connection.endpoint.connected();
  }
}

const nothing = () => undefined;
const nobody: Endpoint = {
  connected: nothing,
  received: nothing,
  ended: nothing,
  drained: nothing,
  refused: nothing,
  failed: nothing,
};

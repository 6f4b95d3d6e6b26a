import { Buffer } from "node:buffer";
import { Block } from "../../../../src/gateway/transport/block.ts";
import { nobody } from "../../../../src/gateway/transport/nobody.ts";
import { ReadBlocks } from "../../../../src/gateway/transport/read-blocks.ts";
import {
  type Connection,
  type Endpoint,
  type Transport,
  Written,
} from "../../../../src/gateway/transport/transport.ts";

const poison = 0xa5;

interface QueuedWrite {
  block: Block;
  start: number;
  end: number;
  /** The bytes at the time of the write: they must be the same until it is done. */
  copy: Buffer;
}

/**
 * One side of a connection without a kernel: a test is the peer and the event loop. Bytes that were lent are checked,
 * and memory that was only to be read in a call is overwritten after it.
 */
export class MockConnection implements Connection {
  endpoint: Endpoint;
  closed = false;
  /** What the peer has got. */
  output: Buffer = Buffer.alloc(0);
  /** The peer got FIN, or RST. */
  finished = false;
  wasReset = false;
  paused = false;
  standing: boolean;
  /** Writes are queued, as if the peer did not read. */
  congested = false;
  /** Writes are refused, as if the peer had sent RST that nobody has read yet. */
  broken = false;
  /** Called with what is written, before it is known whether it arrives. */
  written: (bytes: Buffer) => void = () => undefined;
  /** Addresses of both ends. */
  remote = "192.0.2.1";
  local = "192.0.2.99";
  /** A lent byte was changed, or a call came that must not. */
  faults: string[] = [];
  readonly #blocks: ReadBlocks;
  #block: Block;
  #writable = true;
  #ending = false;
  #inbox: Buffer = Buffer.alloc(0);
  #peerEnds = false;
  #over = false;
  #receiving = false;
  readonly #queue: QueuedWrite[] = [];

  /** @param shared what an accepted connection reads into; null for an outgoing one */
  constructor(blocks: ReadBlocks, shared: Block | null, endpoint: Endpoint = nobody) {
    this.#blocks = blocks;
    this.#block = shared ?? blocks.take();
    this.standing = shared !== null;
    this.endpoint = endpoint;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** It broke, or the peer has ended its side. */
  get isDead(): boolean {
    return this.#over;
  }

  /** Bytes that the peer has sent and the gateway has not read. */
  get unread(): number {
    return this.#inbox.length;
  }

  unsent(): number {
    return this.#queue.reduce((sum, { copy }) => sum + copy.length, 0);
  }

  /** The gateway ended its side, or let go of the connection. */
  get isOver(): boolean {
    return this.closed || this.finished;
  }

  get text(): string {
    return this.output.toString("latin1");
  }

  write(block: Block, start: number, end: number): Written {
    if (this.#receiving === false && this.closed) return Written.refused;
    if (!this.#writable || this.broken) {
      this.#writable = false;
      return Written.refused;
    }
    if (end <= start) return Written.done;
    if (start < 0 || end > block.bytes.length) this.faults.push(`write from ${start} to ${end}`);
    const copy = Buffer.from(block.bytes.slice(start, end));
    this.written(copy);
    if (this.standing && !this.congested && this.#queue.length === 0) {
      this.output = Buffer.concat([this.output, copy]);
      return Written.done;
    }
    if (block.shared) {
      const own = new Block(copy.length);
      own.bytes.set(copy, own.start);
      own.lent += 1;
      this.#queue.push({ block: own, start: own.start, end: own.start + copy.length, copy });
      return Written.queued;
    }
    block.lent += 1;
    this.#queue.push({ block, start, end, copy });
    return Written.queued;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#ending = true;
    if (this.#queue.length === 0 && this.standing) this.finished = true;
  }

  close(): void {
    if (this.closed) return;
    // Bytes that were not read make the kernel send RST.
    if (this.#inbox.length > 0) this.wasReset = true;
    this.#leave();
  }

  reset(): void {
    if (this.closed) return;
    this.wasReset = true;
    this.#leave();
  }

  remoteAddress = () => this.remote;
  remotePort = () => 40_000;
  localAddress = () => this.local;
  localPort = () => 8_080;

  /** The outgoing connection stands. */
  stand(): void {
    if (this.standing || this.closed) return;
    this.standing = true;
    this.endpoint.connected();
    if (!this.congested) this.flush();
  }

  /** The peer sends bytes; they wait until they are delivered. */
  send(bytes: string | Uint8Array): void {
    if (this.#peerEnds) throw new Error("the peer has ended its side");
    this.#inbox = Buffer.concat([this.#inbox, Buffer.from(bytes as string, "latin1")]);
  }

  /** The peer sends bytes, and they are read as far as they may be. */
  arrive(bytes: string | Uint8Array): void {
    this.send(bytes);
    while (this.deliver());
  }

  /** Reads up to so many of the bytes that were sent, or FIN after all of them. False when nothing can be read. */
  deliver(most = Number.POSITIVE_INFINITY): boolean {
    if (this.closed || this.#over || this.paused || !this.standing) return false;
    if (this.#inbox.length > 0) {
      this.#read(Math.min(most, this.#inbox.length, this.#block.size));
      return true;
    }
    if (!this.#peerEnds) return false;
    this.#over = true;
    this.endpoint.ended();
    return true;
  }

  /** The peer sends FIN, which is read after what it has sent. */
  peerEnd(): void {
    this.#peerEnds = true;
  }

  /** The connection breaks. What was sent and not read is lost. */
  peerFail(code = "ECONNRESET"): void {
    if (this.closed || this.#over) return;
    this.#over = true;
    this.#writable = false;
    this.#ending = false;
    this.#giveBack();
    this.endpoint.failed(code);
  }

  /** The peer takes what is queued, up to so many writes. */
  flush(most = Number.POSITIVE_INFINITY): void {
    if (!this.standing) return;
    let taken = 0;
    for (; taken < most && this.#queue.length > 0; taken += 1) {
      const one = this.#queue.shift() as QueuedWrite;
      this.#returned(one);
      this.output = Buffer.concat([this.output, one.copy]);
    }
    if (taken === 0 || this.#queue.length > 0 || this.closed) return;
    if (this.#ending) this.finished = true;
    else if (!this.#writable) return;
    this.endpoint.drained();
  }

  /** What is queued can't be sent any more. */
  failWrites(): void {
    if (this.#queue.length === 0) return;
    this.#giveBack();
    if (this.closed) return;
    const known = !this.#writable && !this.#ending;
    this.#writable = false;
    this.#ending = false;
    if (!known) this.endpoint.refused();
  }

  #read(size: number): void {
    const block = this.#block;
    block.bytes.set(this.#inbox.subarray(0, size), block.start);
    this.#inbox = this.#inbox.subarray(size);
    this.#receiving = true;
    this.endpoint.received(block, block.start, block.start + size);
    this.#receiving = false;
    if (block.lent === 0) block.bytes.fill(poison, block.start - 64, block.start + size + 64);
    if (block.shared) return;
    if (this.closed) block.pool?.give(block);
    else if (block.lent > 0) {
      block.pool?.give(block);
      this.#block = this.#blocks.take();
    }
  }

  #leave(): void {
    this.closed = true;
    this.#writable = false;
    this.#inbox = Buffer.alloc(0);
    this.#giveBack();
    if (!this.#receiving && !this.#block.shared) this.#block.pool?.give(this.#block);
  }

  #giveBack(): void {
    for (const one of this.#queue.splice(0)) this.#returned(one);
  }

  #returned({ block, start, end, copy }: QueuedWrite): void {
    if (!copy.equals(Buffer.from(block.bytes.buffer, start, end - start)))
      this.faults.push("lent bytes changed");
    if (block.pool !== null) block.pool.returned(block);
    else block.lent -= 1;
  }
}

/** A transport whose connections a test drives. */
export class MockTransport implements Transport {
  readonly name = "raw";
  readonly blocks = new ReadBlocks();
  /** Outgoing connections, in order. */
  readonly outgoing: (MockConnection & { port?: number })[] = [];
  /** Ports of the outgoing connections. */
  readonly ports: number[] = [];
  connecting: (connection: MockConnection, port: number) => void = () => undefined;
  readonly #shared: Block;
  #accepted: ((connection: Connection) => Endpoint | null) | null = null;

  /** @param shared what accepted connections read into */
  constructor(shared: Block) {
    this.#shared = shared;
    shared.shared = true;
  }

  accept(_server: unknown, accepted: (connection: Connection) => Endpoint | null): void {
    this.#accepted = accepted;
  }

  connect(_address: string, port: number, endpoint: Endpoint): Connection {
    const connection = new MockConnection(this.blocks, null, endpoint);
    this.outgoing.push(connection);
    this.ports.push(port);
    this.connecting(connection, port);
    return connection;
  }

  /** A client connects. */
  client(): MockConnection {
    if (this.#accepted === null) throw new Error("nothing accepts connections");
    const connection = new MockConnection(this.blocks, this.#shared);
    const endpoint = this.#accepted(connection);
    if (endpoint === null) connection.close();
    else if (!connection.closed) connection.endpoint = endpoint;
    return connection;
  }
}

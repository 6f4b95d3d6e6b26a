import type { Socket } from "node:net";
import { plainAddress } from "./address.ts";
import { Block } from "./block.ts";
import type { ReadBlocks } from "./read-blocks.ts";
import { type Connection, type Endpoint, Written } from "./transport.ts";

const nothing = new Uint8Array(0);

/** A connection on a socket of `node:net`. */
export class NetConnection implements Connection {
  endpoint: Endpoint;
  queued = 0;
  closed = false;
  readonly #blocks: ReadBlocks;
  /** What is read into: the shared block for an accepted connection. */
  #block: Block;
  #socket: Socket | null = null;
  #standing = false;
  #writable = true;
  /** FIN is to be sent when nothing is queued any more. */
  #ending = false;
  /** FIN is on its way to the kernel. */
  #finishing = false;
  #paused = false;
  /** The peer's FIN came while reading was stopped. */
  #endedUnread = false;
  #receiving = false;

  constructor(block: Block, blocks: ReadBlocks, endpoint: Endpoint) {
    this.#block = block;
    this.#blocks = blocks;
    this.endpoint = endpoint;
  }

  get #connected(): Socket {
    if (this.#socket === null) throw new Error("no socket");
    return this.#socket;
  }

  /** Takes a socket: one that stands, or one that is about to connect. */
  attach(socket: Socket, standing: boolean): void {
    this.#socket = socket;
    this.#standing = standing;
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error: NodeJS.ErrnoException) => this.#onError(error));
    if (standing) socket.on("data", (chunk: Buffer) => this.#onChunk(chunk));
    else socket.once("connect", () => this.#onConnect());
    if (standing && this.#paused) socket.pause();
  }

  unsent(): number {
    return this.queued === 0 ? 0 : this.#connected.writableLength;
  }

  write(block: Block, start: number, end: number): Written {
    if (!this.#writable) return Written.refused;
    if (end <= start) return Written.done;
    if (block.shared) return this.#writeCopy(block, start, end);
    const socket = this.#connected;
    socket.write(block.view(start, end));
    if (socket.destroyed) {
      this.#writable = false;
      return Written.refused;
    }
    if (socket.writableLength === 0) return Written.done;
    block.lent += 1;
    this.queued += 1;
    // Comes after the bytes, so that only what did not finish at once needs a callback.
    socket.write(nothing, (error) => this.#onWritten(block, error ?? null));
    return Written.queued;
  }

  #writeCopy(block: Block, start: number, end: number): Written {
    const size = end - start;
    const copy = size <= this.#blocks.large.size ? this.#blocks.takeFor(size) : new Block(size);
    copy.bytes.set(block.view(start, end), copy.start);
    const written = this.write(copy, copy.start, copy.start + size);
    copy.pool?.give(copy);
    return written;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#standing && !this.closed) this.#connected.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#standing || this.closed) return;
    if (this.#endedUnread) setImmediate(() => this.#onEnd());
    else this.#connected.resume();
  }

  end(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#ending = true;
    if (this.queued === 0) this.#finish();
  }

  close(): void {
    if (this.closed) return;
    this.#leave();
    this.#connected.destroy();
  }

  reset(): void {
    if (this.closed) return;
    this.#leave();
    if (this.#standing && !this.#finishing) this.#connected.resetAndDestroy();
    else this.#connected.destroy();
  }

  remoteAddress(): string {
    return plainAddress(this.#socket?.remoteAddress);
  }

  remotePort(): number {
    return this.#socket?.remotePort ?? 0;
  }

  localAddress(): string {
    return plainAddress(this.#socket?.localAddress);
  }

  localPort(): number {
    return this.#socket?.localPort ?? 0;
  }

  /** What an outgoing socket reads into next. */
  nextBuffer(): Buffer {
    const block = this.#block;
    if (this.closed || block.lent === 0) return block.readable;
    block.pool?.give(block);
    this.#block = this.#blocks.take();
    return this.#block.readable;
  }

  /** So many bytes were read into the buffer. */
  onRead(size: number): void {
    if (this.closed) return;
    this.#receiving = true;
    const block = this.#block;
    this.endpoint.received(block, block.start, block.start + size);
    this.#receiving = false;
    if (this.closed) this.#giveBlock();
  }

  #onChunk(chunk: Buffer): void {
    const block = this.#block;
    let rest = chunk;
    while (rest.length > 0 && !this.closed) {
      if (this.#paused) {
        this.#connected.unshift(rest);
        return;
      }
      const piece = rest.subarray(0, block.size);
      rest = rest.subarray(piece.length);
      block.bytes.set(piece, block.start);
      this.onRead(piece.length);
    }
  }

  #onConnect(): void {
    if (this.closed) return;
    this.#standing = true;
    if (this.#paused) this.#connected.pause();
    if (this.#ending && this.queued === 0) this.#finish();
    this.endpoint.connected();
  }

  #onEnd(): void {
    if (this.closed) return;
    this.#endedUnread = this.#paused;
    if (!this.#paused) this.endpoint.ended();
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (this.closed) return;
    this.#writable = false;
    this.#ending = false;
    this.endpoint.failed(error.code ?? "EIO");
  }

  #onWritten(block: Block, error: Error | null): void {
    if (block.pool !== null) block.pool.returned(block);
    else block.lent -= 1;
    this.queued -= 1;
    if (this.closed || error !== null || this.queued > 0) return;
    if (this.#ending) this.#finish();
    else if (!this.#writable) return;
    this.endpoint.drained();
  }

  #finish(): void {
    const socket = this.#connected;
    if (!this.#standing) return;
    this.#finishing = true;
    socket.end(() => {
      this.#finishing = false;
    });
  }

  #leave(): void {
    this.closed = true;
    this.#writable = false;
    if (!this.#receiving) this.#giveBlock();
  }

  #giveBlock(): void {
    const block = this.#block;
    if (!block.shared) block.pool?.give(block);
  }
}

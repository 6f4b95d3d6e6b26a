import { plainAddress } from "./address.ts";
import type { Block } from "./block.ts";
import {
  brokenPipe,
  endOfFile,
  type HandleOwner,
  own,
  type PeerName,
  type Status,
  shutdownHandle,
  statusName,
  streamState,
  type TcpHandle,
  wentAsync,
} from "./handles.ts";
import { keepAliveSeconds, type Unprobed } from "./probing.ts";
import type { RawShare } from "./raw-share.ts";
import { type Connection, type Endpoint, Written } from "./transport.ts";

/** From reads of so many bytes on, a connection gets a block of its own, and below the second number it gives it back. */
const worthOwnBlock = 32_768;
const notWorthOwnBlock = 8_192;

/** A connection on a handle. An accepted one reads into the shared block, an outgoing one into a block of its own. */
export class RawConnection implements Connection, HandleOwner, Unprobed {
  endpoint: Endpoint;
  queued = 0;
  closed = false;
  next: Unprobed | null = null;
  previous: Unprobed | null = null;
  readonly #handle: TcpHandle;
  readonly #share: RawShare;
  readonly #accepted: boolean;
  /** What is read into; null before an outgoing connection stands. */
  #block: Block | null = null;
  #buffer: Buffer | null = null;
  /** Bytes may still be written. */
  #writable = true;
  /** FIN is to be sent when nothing is queued any more. */
  #ending = false;
  /** The peer's FIN or an error has come: there is no more to read. */
  #over = false;
  #paused = false;
  /** How a write failed: the system tells a reset once, to a write or to a read, and says EOF to later reads. */
  #writeFailure: Status = 0;
  /** Within a call of `received`: the block is still in use when `close` is called. */
  #receiving = false;
  #local: PeerName | null = null;
  #remote: PeerName | null = null;

  constructor(handle: TcpHandle, share: RawShare, accepted: boolean, endpoint: Endpoint) {
    this.#handle = handle;
    this.#share = share;
    this.#accepted = accepted;
    this.endpoint = endpoint;
    own(handle, this);
  }

  /** Begins to read. */
  begin(): void {
    const block = this.#accepted ? this.#share.block : this.#share.blocks.take();
    const buffer = this.#accepted ? this.#share.buffer : block.readable;
    this.#block = block;
    this.#buffer = buffer;
    this.#handle.useUserBuffer(buffer);
    if (!this.#paused) this.#handle.readStart();
  }

  unsent(): number {
    return this.queued === 0 ? 0 : this.#handle.writeQueueSize;
  }

  write(block: Block, start: number, end: number): Written {
    if (!this.#writable) return Written.refused;
    if (end <= start) return Written.done;
    if (block.shared) return this.#writeCopy(block, start, end);
    const request = this.#share.request;
    const status = this.#handle.writeBuffer(request, block.view(start, end));
    if (status !== 0) {
      this.#writable = false;
      this.#writeFailure = status;
      this.#share.renewRequest();
      return Written.refused;
    }
    if (streamState[wentAsync] === 0) return Written.done;
    request.owner = this;
    request.lent = block;
    this.#share.renewRequest();
    block.lent += 1;
    this.queued += 1;
    return Written.queued;
  }

  #writeCopy(block: Block, start: number, end: number): Written {
    const copy = this.#share.blockFor(end - start);
    copy.bytes.set(block.view(start, end), copy.start);
    const written = this.write(copy, copy.start, copy.start + end - start);
    copy.pool?.give(copy);
    return written;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#block !== null && !this.closed) this.#handle.readStop();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#block !== null && !this.closed && !this.#over) this.#handle.readStart();
  }

  end(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#ending = true;
    if (this.queued === 0 && this.#block !== null) shutdownHandle(this.#handle);
  }

  close(): void {
    if (this.closed) return;
    this.#leave();
    this.#handle.close();
  }

  reset(): void {
    if (this.closed) return;
    this.#leave();
    if (this.#handle.reset() !== 0) this.#handle.close();
  }

  remoteAddress(): string {
    return plainAddress(this.#remoteName().address);
  }

  remotePort(): number {
    return this.#remoteName().port ?? 0;
  }

  localAddress(): string {
    return plainAddress(this.#localName().address);
  }

  localPort(): number {
    return this.#localName().port ?? 0;
  }

  probe(): void {
    this.#handle.setKeepAlive(true, keepAliveSeconds);
  }

  onConnect(status: Status): void {
    if (this.closed) return;
    if (status < 0) {
      this.#fail(status);
      return;
    }
    this.begin();
    if (this.#ending && this.queued === 0) shutdownHandle(this.#handle);
    this.endpoint.connected();
  }

  onRead(status: Status): Buffer | undefined {
    const block = this.#block;
    if (this.closed || block === null) return undefined;
    if (status > 0) {
      this.#receiving = true;
      this.endpoint.received(block, block.start, block.start + status);
      this.#receiving = false;
      if (this.closed) {
        this.#giveBlock();
        return undefined;
      }
      return this.#nextBuffer(block, status);
    }
    // EPIPE is told once to a reader when a reset came behind the peer's FIN: all has been read.
    const isEnd = status === endOfFile || status === brokenPipe;
    if (isEnd && (this.#writeFailure === 0 || this.#writeFailure === brokenPipe)) {
      this.#over = true;
      this.endpoint.ended();
    } else if (status < 0) {
      this.#fail(isEnd ? this.#writeFailure : status);
    }
    return undefined;
  }

  onWritten(status: Status, lent: Block): void {
    if (lent.pool !== null) lent.pool.returned(lent);
    else lent.lent -= 1;
    this.queued -= 1;
    if (this.closed) return;
    if (status < 0) {
      const known = !this.#writable && !this.#ending;
      this.#writable = false;
      this.#writeFailure = status;
      this.#ending = false;
      if (!known) this.endpoint.refused();
      return;
    }
    if (this.queued > 0 || (!this.#writable && !this.#ending)) return;
    if (this.#ending) shutdownHandle(this.#handle);
    this.endpoint.drained();
  }

  /** What is read into next, if it is another buffer than before. */
  #nextBuffer(block: Block, size: number): Buffer | undefined {
    const share = this.#share;
    if (block.shared) {
      if (size >= worthOwnBlock && share.blocks.plenty) return this.#use(share.blocks.take());
      if (this.#buffer === share.buffer) return undefined;
      this.#buffer = share.buffer;
      return share.buffer;
    }
    if (this.#accepted && size < notWorthOwnBlock) {
      block.pool?.give(block);
      return this.#use(share.block);
    }
    if (block.lent === 0) return undefined;
    block.pool?.give(block);
    return this.#use(share.blocks.take());
  }

  #use(block: Block): Buffer {
    const buffer = block.shared ? this.#share.buffer : block.readable;
    this.#block = block;
    this.#buffer = buffer;
    return buffer;
  }

  #fail(status: Status): void {
    this.#over = true;
    this.#writable = false;
    this.#ending = false;
    this.endpoint.failed(statusName(status));
  }

  #leave(): void {
    this.closed = true;
    this.#writable = false;
    if (!this.#accepted) this.#share.probing.remove(this);
    if (!this.#receiving) this.#giveBlock();
  }

  #giveBlock(): void {
    const block = this.#block;
    this.#block = null;
    this.#buffer = null;
    if (block !== null && !block.shared) block.pool?.give(block);
  }

  #remoteName(): PeerName {
    if (this.#remote === null) {
      const name: PeerName = {};
      if (this.closed || this.#handle.getpeername(name) !== 0) return name;
      this.#remote = name;
    }
    return this.#remote;
  }

  #localName(): PeerName {
    if (this.#local === null) {
      const name: PeerName = {};
      if (this.closed || this.#handle.getsockname(name) !== 0) return name;
      this.#local = name;
    }
    return this.#local;
  }
}

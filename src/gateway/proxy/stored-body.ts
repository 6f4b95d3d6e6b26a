import type { Block } from "../transport/block.ts";
import { type Connection, Written } from "../transport/transport.ts";
import { ByteStore } from "./byte-store.ts";
import type { RequestSpool } from "./request-spool.ts";
import { SpoolFile } from "./spool-file.ts";

/** Whose body it is. No call comes out of a call to the body but `bodyStored` and `bodySent`. */
export interface BodyOwner {
  /** There is room for more again. */
  bodyHasRoom(): void;
  /** It is whole: it can be sent. */
  bodyStored(): void;
  /** All of it was written to the connection that it was to be sent to. */
  bodySent(): void;
  /** It can't be kept or read any more. */
  bodyLost(): void;
}

export interface BodyLimits {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/**
 * The body of one request, kept as it came until it is whole, and then sent, if need be more than once: first in
 * memory, and what is more in a file.
 */
export class StoredBody {
  /** All of it is kept. */
  whole = false;
  readonly #spool: RequestSpool;
  readonly #limits: BodyLimits;
  readonly #owner: BodyOwner;
  readonly #memory = new ByteStore();
  #file: SpoolFile | null = null;
  /** The client has sent all of it. */
  #ended = false;
  #paused = false;
  #to: Connection | null = null;
  /** Bytes that were sent to it. */
  #sent = 0;
  /** Counts what is sent to, so that a read for an earlier one is known. */
  #turn = 0;
  #reading = false;
  #closed = false;

  constructor(spool: RequestSpool, limits: BodyLimits, owner: BodyOwner) {
    this.#spool = spool;
    this.#limits = limits;
    this.#owner = owner;
  }

  /** The client has to wait; `bodyHasRoom` follows. */
  get full(): boolean {
    this.#paused = this.#file?.full ?? false;
    return this.#paused;
  }

  /** Keeps more of it; false when it is too long. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    const { memoryBytes, diskBytes } = this.#limits;
    let from = start;
    if (this.#file === null) {
      const fits = Math.min(end - start, memoryBytes - this.#memory.length);
      if (fits > 0 && this.#spool.takeMemory(fits)) {
        this.#memory.append(bytes, start, start + fits);
        from += fits;
      }
    }
    if (from === end) return true;
    if ((this.#file?.length ?? 0) + end - from > diskBytes) return false;
    this.#file ??= new SpoolFile(this.#spool, (ok) => this.#changed(ok));
    this.#file.append(bytes, from, end);
    return true;
  }

  /** There is no more of it: `bodyStored` follows, or comes at once. */
  end(): void {
    this.#ended = true;
    this.#settle();
  }

  /** Sends it from its begin; what is sent elsewhere is given up. */
  send(to: Connection): void {
    this.#to = to;
    this.#sent = 0;
    this.#turn += 1;
    this.goOn();
  }

  /** The connection takes bytes again. */
  goOn(): void {
    while (this.#to !== null && !this.#reading) {
      const inMemory = this.#memory.length;
      if (this.#sent < inMemory) {
        if (this.#sendMemory(this.#to) === Written.queued) return;
      } else if (this.#file !== null && this.#sent < inMemory + this.#file.length) {
        this.#sendFile(this.#file, this.#to);
      } else {
        this.#to = null;
        this.#owner.bodySent();
      }
    }
  }

  /** Forgets it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#to = null;
    this.#spool.giveMemory(this.#memory.length);
    this.#memory.clear();
    this.#file?.close();
  }

  #changed(ok: boolean): void {
    if (this.#closed) return;
    if (!ok) {
      this.#owner.bodyLost();
      return;
    }
    if (this.#paused && !this.full) this.#owner.bodyHasRoom();
    this.#settle();
  }

  #settle(): void {
    if (!this.#ended || this.whole || !(this.#file?.settled ?? true)) return;
    this.whole = true;
    this.#owner.bodyStored();
  }

  #sendMemory(to: Connection): Written {
    const block = this.#spool.blocks.take();
    const piece = this.#memory.view().subarray(this.#sent, this.#sent + block.size);
    block.bytes.set(piece, block.start);
    return this.#write(to, block, piece.length);
  }

  #sendFile(file: SpoolFile, to: Connection): void {
    const block = this.#spool.blocks.take();
    const turn = this.#turn;
    this.#reading = true;
    file.read(this.#sent - this.#memory.length, block.readable, (bytes) => {
      this.#reading = false;
      const isWanted = bytes > 0 && turn === this.#turn && this.#to === to;
      const written = this.#write(isWanted ? to : null, block, bytes);
      if (written !== Written.queued) this.goOn();
    });
  }

  /** Writes the bytes of a block that was taken, and gives it back. */
  #write(to: Connection | null, block: Block, bytes: number): Written {
    let written: Written = Written.done;
    if (to !== null) {
      this.#sent += bytes;
      written = to.write(block, block.start, block.start + bytes);
      if (written === Written.refused) this.#to = null;
    }
    block.pool?.give(block);
    return written;
  }
}

import { read, write } from "node:fs";
import { ByteStore } from "./byte-store.ts";
import { closeSpoolFile, type RequestSpool } from "./request-spool.ts";

/** Bytes that may wait to be written; above it, `full` says so. */
const mostWaiting = 128 * 1024;

/** The part of a body that is kept on disk: first written from begin to end, then read. */
export class SpoolFile {
  /** Bytes that were appended. */
  length = 0;
  readonly #spool: RequestSpool;
  readonly #changed: (ok: boolean) => void;
  #waiting = new ByteStore();
  #fd: number | null = null;
  #written = 0;
  /** An operation of the system is under way. */
  #busy = true;
  #closed = false;

  /** @param changed is called when bytes were written, and with false when the file can't be used any more */
  constructor(spool: RequestSpool, changed: (ok: boolean) => void) {
    this.#spool = spool;
    this.#changed = changed;
    spool.open((fd) => {
      this.#fd = fd;
      if (fd === null) this.#fail(null);
      else this.#next();
    });
  }

  /** More bytes should wait until some are written. */
  get full(): boolean {
    return this.#waiting.length >= mostWaiting;
  }

  /** All that was appended stands in the file. */
  get settled(): boolean {
    return this.#written === this.length;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.length += end - start;
    this.#waiting.append(bytes, start, end);
    if (!this.#busy) this.#next();
  }

  /** Reads up to the buffer's size from an offset; `done` gets the number of bytes, 0 when it can't be read. */
  read(offset: number, into: Uint8Array, done: (bytes: number) => void): void {
    const fd = this.#fd;
    if (fd === null || this.#closed) return;
    this.#busy = true;
    read(fd, into, 0, into.length, offset, (error, bytes) => {
      const isBad = error !== null || bytes === 0;
      if (isBad) this.#fail(error);
      else this.#next();
      done(isBad || this.#closed ? 0 : bytes);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.clear();
    if (!this.#busy && this.#fd !== null) closeSpoolFile(this.#fd);
  }

  #next(): void {
    const fd = this.#fd;
    this.#busy = false;
    if (fd === null) return;
    if (this.#closed) {
      closeSpoolFile(fd);
      return;
    }
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.view();
    this.#waiting = new ByteStore();
    this.#busy = true;
    this.#write(fd, bytes);
  }

  #write(fd: number, bytes: Uint8Array): void {
    write(fd, bytes, 0, bytes.length, this.#written, (error, written) => {
      if (error === null && written > 0) {
        this.#written += written;
        if (written < bytes.length && !this.#closed) {
          this.#write(fd, bytes.subarray(written));
          return;
        }
      }
      this.#busy = false;
      if (error !== null) this.#fail(error);
      else this.#next();
      if (!this.#closed) this.#changed(true);
    });
  }

  #fail(error: NodeJS.ErrnoException | null): void {
    this.#busy = false;
    if (error !== null) this.#spool.failed(error);
    if (this.#closed) {
      if (this.#fd !== null) closeSpoolFile(this.#fd);
      return;
    }
    this.#changed(false);
  }
}

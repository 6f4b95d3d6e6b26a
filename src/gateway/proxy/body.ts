import { type Chunks, createChunks, isBetweenChunks, resetChunks, scanChunks } from "../http1/chunks.ts";
import { Framing } from "../http1/head.ts";

/** Finds the end of a message's body in bytes that pass (RFC 9112 section 6.3). */
export class BodyTracker {
  done = true;
  framing: Framing = Framing.none;
  /** Bytes of a body with a length that are still to come. */
  remaining = 0;
  #chunks: Chunks | null = null;

  /** Begins with a body of this framing; `length` counts for `Framing.length` only. */
  begin(framing: Framing, length: number): void {
    this.framing = framing;
    this.remaining = 0;
    this.done = framing === Framing.none;
    if (framing === Framing.length) {
      this.remaining = length;
      this.done = length === 0;
    } else if (framing === Framing.chunked) {
      this.#chunks ??= createChunks();
      resetChunks(this.#chunks);
    }
  }

  /** The tracker of the chunks, for a body that is to be decoded. */
  get chunks(): Chunks {
    this.#chunks ??= createChunks();
    return this.#chunks;
  }

  /** Moves over bytes. Returns the offset after the last one that belongs to the body, or -1 for malformed chunks. */
  advance(bytes: Uint8Array, start: number, end: number): number {
    if (this.done) return start;
    if (this.framing === Framing.length) {
      const here = end - start;
      if (here < this.remaining) {
        this.remaining -= here;
        return end;
      }
      const bodyEnd = start + this.remaining;
      this.remaining = 0;
      this.done = true;
      return bodyEnd;
    }
    if (this.framing === Framing.chunked) {
      const chunks = this.chunks;
      const bodyEnd = scanChunks(chunks, bytes, start, end);
      this.done = chunks.done;
      return bodyEnd;
    }
    return end;
  }

  /** Bytes of data that have passed of a body in chunks; 0 of one whose length is known. */
  get content(): number {
    return this.framing === Framing.chunked ? this.chunks.content : 0;
  }

  /** The next byte begins a chunk. */
  get betweenChunks(): boolean {
    return this.framing === Framing.chunked && this.#chunks !== null && isBetweenChunks(this.#chunks);
  }

  /** What was wrong with the chunks. */
  get reason(): string {
    return this.#chunks?.reason ?? "";
  }
}

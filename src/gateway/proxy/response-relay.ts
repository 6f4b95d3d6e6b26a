import { Framing, type ResponseHead } from "../http1/head.ts";
import type { Block } from "../transport/block.ts";
import { type Connection, Written } from "../transport/transport.ts";
import {
  chunkedAndClose,
  chunkedCoding,
  connectionClose,
  connectionKeepAlive,
  lastChunk,
} from "./constants.ts";
import {
  type EventTracker,
  atEventBorder,
  createEventTracker,
  eventBorderIn,
  leaveChunks,
  trackEvents,
} from "./event-border.ts";
import { isEventStream } from "./head-facts.ts";
import { copyBytes } from "./memory.ts";
import { chunkInPlace, chunkSize } from "./own-chunks.ts";
import { type ResponseFraming, rewriteResponse } from "./rewrite-response.ts";

const framing: ResponseFraming = { dropCoding: false, keepTrailer: false };

/** The answer to one request on its way to the client. */
export class ResponseRelay {
  /** The head was sent. */
  started = false;
  status = 0;
  /** Bytes sent after the head. */
  bytes = 0;
  /** The client's connection can go on after the answer. */
  goesOn = false;
  /** Only the connection's end tells the client where the answer ends. */
  endsWithConnection = false;
  /** The gateway makes the chunks, because the target's connection ends its answer. */
  #ownChunks = false;
  #moved = false;
  #events: EventTracker | null = null;

  reset(): void {
    this.started = false;
    this.status = 0;
    this.bytes = 0;
    this.goesOn = false;
    this.endsWithConnection = false;
    this.#ownChunks = false;
    this.#events = null;
  }

  /** Whether something of the body was sent since this was last asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  /** Follows the borders of an event stream, if the answer is one. */
  watch(bytes: Uint8Array, head: ResponseHead): boolean {
    if (!isEventStream(bytes, head)) return false;
    this.#events = createEventTracker();
    return true;
  }

  /**
   * Sends the head, and the bytes of the body up to `bodyEnd` that stand behind it.
   *
   * @param minor the client's version
   * @param goOn the connection is to go on, if the answer allows it
   * @param fields lines to add; null for none
   */
  head(
    to: Connection,
    block: Block,
    head: ResponseHead,
    bodyFraming: Framing,
    bodyEnd: number,
    minor: number,
    goOn: boolean,
    fields: Uint8Array | null,
  ): Written {
    const decoded = bodyFraming === Framing.chunked && minor === 0;
    this.#ownChunks = bodyFraming === Framing.untilClose && minor === 1;
    this.endsWithConnection = decoded || (bodyFraming === Framing.untilClose && minor === 0);
    this.goesOn = goOn && !this.endsWithConnection;
    this.started = true;
    this.status = head.statusCode;
    this.bytes = bodyEnd - head.end;
    // One of HTTP/1.0 is not told of chunks, also where there is no content (RFC 9112 section 6.1).
    framing.dropCoding = minor === 0;
    framing.keepTrailer = bodyFraming === Framing.chunked && !decoded;
    const insert = this.#insert(minor);
    let start = rewriteResponse(
      block.bytes,
      head,
      framing,
      fields === null ? insert : joined(insert, fields),
    );
    let end = bodyEnd;
    if (this.#events !== null) trackEvents(this.#events, block.bytes, head.end, bodyEnd);
    if (this.#ownChunks && bodyEnd > head.end) {
      const size = chunkSize(bodyEnd - head.end);
      block.bytes.copyWithin(start - size.length, start, head.end);
      start -= size.length;
      block.bytes.set(size, head.end - size.length);
      block.bytes[bodyEnd] = 13;
      block.bytes[bodyEnd + 1] = 10;
      end = bodyEnd + 2;
    }
    return to.write(block, start, end);
  }

  body(to: Connection, block: Block, start: number, end: number): Written {
    if (start === end) return Written.done;
    this.bytes += end - start;
    this.#moved = true;
    if (this.#events !== null) trackEvents(this.#events, block.bytes, start, end);
    if (!this.#ownChunks) return to.write(block, start, end);
    return to.write(block, chunkInPlace(block.bytes, start, end), end + 2);
  }

  /** After the last byte of the body. */
  finish(to: Connection): void {
    if (this.#ownChunks) to.write(lastChunk.block, lastChunk.start, lastChunk.end);
  }

  /** What was sent so far of an event stream ends with a whole event. */
  atEventBorder(betweenChunks: boolean): boolean {
    if (this.#events === null) return false;
    if (this.#ownChunks || this.endsWithConnection) return atEventBorder(this.#events, false);
    return betweenChunks && atEventBorder(this.#events, true);
  }

  /** From here on the bytes of an event stream come without chunks, and are framed anew. */
  takeOverChunks(): void {
    if (this.#ownChunks || this.endsWithConnection || this.#events === null) return;
    this.#ownChunks = true;
    leaveChunks(this.#events);
  }

  /** Offset after the first whole event in the bytes; -1 when none ends there, or they are chunks of the target. */
  eventEnd(block: Block, start: number, end: number): number {
    if (this.#events === null || !(this.#ownChunks || this.endsWithConnection)) return -1;
    return eventBorderIn(this.#events, block.bytes, start, end);
  }

  /**
   * Ends an answer of open length before the target does, so that the client takes it for whole.
   *
   * @param betweenChunks the target's last byte ended a chunk
   * @returns false when it can't be ended: then the connection has to break off
   */
  endEarly(to: Connection, betweenChunks: boolean): boolean {
    if (this.endsWithConnection) return true;
    if (!this.#ownChunks && !betweenChunks) return false;
    to.write(lastChunk.block, lastChunk.start, lastChunk.end);
    return true;
  }

  #insert(minor: number): Uint8Array | null {
    if (this.#ownChunks) return this.goesOn ? chunkedCoding : chunkedAndClose;
    if (!this.goesOn) return connectionClose;
    return minor === 0 ? connectionKeepAlive : null;
  }
}

function joined(first: Uint8Array | null, second: Uint8Array): Uint8Array {
  if (first === null) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  copyBytes(both, first.length, second, 0, second.length);
  return both;
}

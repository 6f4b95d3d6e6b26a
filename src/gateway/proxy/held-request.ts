import { parseRequestHead } from "../http1/request-head.ts";
import type { Block } from "../transport/block.ts";
import type { BodyTracker } from "./body.ts";
import { ByteStore } from "./byte-store.ts";
import type { ClientHost } from "./client-host.ts";
import { keptLimit } from "./memory.ts";
import type { Plane } from "./plane.ts";
import type { SentRequest } from "./sent-request.ts";

/** A request while it is not sent: it waits for a target or a connection, as it came or as it was sent before. */
export class HeldRequest {
  /** What is held was composed already. */
  composed = false;
  /** The request as it came, where it can't be had from what was sent; null otherwise. */
  original: Uint8Array | null = null;
  #bytes: ByteStore | null = null;

  get isHeld(): boolean {
    return this.#bytes !== null;
  }

  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  /** So much is held that the client has to wait. */
  get isFull(): boolean {
    return this.length >= keptLimit;
  }

  reset(): void {
    this.composed = false;
    this.original = null;
    this.#bytes = null;
  }

  hold(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = new ByteStore();
    this.#bytes.append(bytes, start, end);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes?.append(bytes, start, end);
  }

  /** Holds what was sent, to be sent again as it is or, where the original is kept, to be composed again. */
  holdAgain(sent: Uint8Array, length: number): void {
    this.composed = this.original === null;
    if (this.original === null) this.hold(sent, 0, length);
    else this.hold(this.original, 0, this.original.length);
  }

  drop(): void {
    this.#bytes = null;
  }

  /** Puts what is held where it can be worked on, from the block's `start` on; `plane.head` is then its head. */
  parse(plane: Plane): Block | null {
    return this.#bytes === null ? null : parseAgain(plane, this.#bytes.view());
  }
}

/**
 * Finds the end of the request whose head `plane.head` is, in so many bytes from its begin on.
 *
 * @returns offset after it, or the end of the bytes where it is not whole; -1 for a malformed body
 */
export function measureRequest(plane: Plane, body: BodyTracker, block: Block, length: number): number {
  const { head } = plane;
  body.begin(head.framing, head.length);
  return body.advance(block.bytes, head.end, head.start + length);
}

/** Puts by what stands behind a request that is answered without being sent; arguments as of `measureRequest`. */
export function settleRequest(host: ClientHost, body: BodyTracker, block: Block, length: number): void {
  const end = host.plane.head.start + length;
  const bodyEnd = measureRequest(host.plane, body, block, length);
  if (bodyEnd >= 0 && bodyEnd < end) host.putBy(block.bytes, bodyEnd, end);
}

/** Puts the bytes of a request where they can be worked on, and parses its head, which was good before. */
function parseAgain(plane: Plane, request: Uint8Array): Block {
  const { memory, head, ownHeadLimits } = plane;
  const { join } = memory;
  join.bytes.set(request, join.start);
  parseRequestHead(join.bytes, join.words, join.start, join.start + request.length, head, ownHeadLimits);
  return join;
}

/** The same for what was sent; null where that is not known to have its whole head. */
export function parseSent(plane: Plane, sent: SentRequest | null): Block | null {
  if (sent === null || sent.length === 0 || sent.cut) return null;
  return parseAgain(plane, sent.bytes.subarray(0, sent.length));
}

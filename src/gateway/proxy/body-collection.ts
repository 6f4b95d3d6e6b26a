import type { Block } from "../transport/block.ts";
import type { Connection } from "../transport/transport.ts";
import type { BodyTracker } from "./body.ts";
import type { ClientHost } from "./client-host.ts";
import type { RequestSpool } from "./request-spool.ts";
import { type BodyLimits, type BodyOwner, StoredBody } from "./stored-body.ts";

/** Whose request it is. */
export interface CollectionOwner {
  readonly host: ClientHost;
  readonly body: BodyTracker;
  /** Its body is longer than allowed, malformed, or can't be kept. */
  refuseBody(status: number, reason: string): void;
  /** The body is whole: the request can be sent. */
  bodyIsWhole(): void;
  /** All of the body was written to the connection that it was to be sent to. */
  bodyIsSent(): void;
}

/** The body of a request that is sent only when it is whole; without one it does nothing. */
export class BodyCollection implements BodyOwner {
  readonly #owner: CollectionOwner;
  #stored: StoredBody | null = null;
  #most = 0;

  constructor(owner: CollectionOwner) {
    this.#owner = owner;
  }

  /** There is a body that is collected, or was and is now being sent. */
  get active(): boolean {
    return this.#stored !== null;
  }

  /** All of it is there. */
  get whole(): boolean {
    return this.#stored?.whole ?? false;
  }

  /**
   * Begins with the bytes of the body that are there.
   *
   * @param most bytes of content that are allowed
   */
  begin(
    spool: RequestSpool,
    limits: BodyLimits,
    most: number,
    block: Block,
    start: number,
    end: number,
  ): void {
    this.#stored = new StoredBody(spool, limits, this);
    this.#most = most;
    this.#keep(block.bytes, start, end);
  }

  /** Bytes of the client. */
  received(block: Block, start: number, end: number): void {
    const { body, host } = this.#owner;
    const bodyEnd = body.done || this.whole ? start : body.advance(block.bytes, start, end);
    if (bodyEnd < 0) return this.#owner.refuseBody(400, body.reason);
    if (bodyEnd < end) host.putBy(block.bytes, bodyEnd, end);
    if (bodyEnd > start) this.#keep(block.bytes, start, bodyEnd);
  }

  sendTo(connection: Connection): void {
    this.#stored?.send(connection);
  }

  goOn(): void {
    this.#stored?.goOn();
  }

  drop(): void {
    this.#stored?.close();
    this.#stored = null;
  }

  bodyHasRoom(): void {
    this.#owner.host.resume();
  }

  bodyStored(): void {
    this.#owner.bodyIsWhole();
  }

  bodySent(): void {
    this.#owner.bodyIsSent();
  }

  bodyLost(): void {
    this.#owner.refuseBody(503, "spool-failed");
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const { body, host } = this.#owner;
    const stored = this.#stored;
    if (stored === null) return;
    if (!stored.append(bytes, start, end) || body.content > this.#most) {
      return this.#owner.refuseBody(413, "body-too-large");
    }
    if (body.done) stored.end();
    else if (stored.full) host.pause();
    // It may be stopped since the request before this one, because so much had come already.
    else host.resume();
  }
}

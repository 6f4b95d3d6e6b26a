import type { Block } from "../transport/block.ts";
import { type Connection, type Endpoint, Written } from "../transport/transport.ts";

/** How long a side is waited for that has been told the end, in milliseconds. */
const lingerMs = 1_000;

export interface PassageOptions {
  client: Connection;
  target: Connection;
  /**
   * Is called once, when both connections are closed.
   *
   * @param part who ended it out of order; "" when both sides ended it
   * @param reason a token; "" when both sides ended it
   */
  closed(part: "" | "client" | "target" | "gateway", reason: string): void;
}

/**
 * Two connections, each of which gets what the other sends: with backpressure, and each direction with an end of its
 * own. A side that breaks resets the other, so that a part is not taken for the whole.
 */
export class Passage {
  /** Something has moved since this was last set to false. */
  moved = true;
  readonly client: Side;
  readonly target: Side;
  readonly #closed: PassageOptions["closed"];
  #open = true;
  #part: "" | "client" | "target" | "gateway" = "";
  #reason = "";
  #timer: NodeJS.Timeout | null = null;

  constructor({ client, target, closed }: PassageOptions) {
    this.#closed = closed;
    this.client = new Side(this, "client", client);
    this.target = new Side(this, "target", target);
    this.client.peer = this.target;
    this.target.peer = this.client;
    client.endpoint = this.client;
    target.endpoint = this.target;
  }

  /** Ends both directions; what is not over after a second is closed. */
  cut(reason: string): void {
    if (!this.#open || this.#timer !== null) return;
    this.blame("gateway", reason);
    this.client.stop();
    this.target.stop();
    this.linger();
    this.check();
  }

  /** Closes both connections at once. */
  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.client.connection.close();
    this.target.connection.close();
    this.#closed(this.#part, this.#reason);
  }

  /** The first failure is what is told. */
  blame(part: "client" | "target" | "gateway", reason: string): void {
    if (this.#part !== "") return;
    this.#part = part;
    this.#reason = reason;
  }

  /** Closes soon what has not ended by itself. */
  linger(): void {
    this.#timer ??= setTimeout(() => this.destroy(), lingerMs);
  }

  /** Closes when all is said in both directions. */
  check(): void {
    if (this.client.isDone && this.target.isDone) this.destroy();
  }
}

/** One of the two: what it sends goes to its peer. */
class Side implements Endpoint {
  peer: Side | null = null;
  /** Bytes that it sent and that were passed on. */
  bytes = 0;
  readonly connection: Connection;
  readonly #name: "client" | "target";
  readonly #passage: Passage;
  /** It has sent FIN. */
  #over = false;
  /** What it sends is of no use any more: its peer takes nothing, or the passage is cut. */
  #discards = false;
  /** It takes no more bytes. */
  #deaf = false;

  constructor(passage: Passage, name: "client" | "target", connection: Connection) {
    this.#passage = passage;
    this.#name = name;
    this.connection = connection;
  }

  /** It will send nothing more, and has been sent all. */
  get isDone(): boolean {
    return this.#over && this.connection.queued === 0;
  }

  /** Ends what goes to it, and drops what comes from it. */
  stop(): void {
    this.#discards = true;
    this.connection.end();
    this.connection.resume();
  }

  connected(): void {}

  received(block: Block, start: number, end: number): void {
    this.#passage.moved = true;
    if (this.#discards) return;
    this.pass(block, start, end);
  }

  /** Writes bytes of this side to its peer. */
  pass(block: Block, start: number, end: number): void {
    const { peer } = this;
    if (peer === null) return;
    this.bytes += end - start;
    const written = peer.connection.write(block, start, end);
    if (written === Written.queued) this.connection.pause();
    else if (written === Written.refused) peer.refused();
  }

  ended(): void {
    if (this.#over) return;
    this.#over = true;
    this.peer?.connection.end();
    if (this.#deaf) this.#passage.linger();
    this.#passage.check();
  }

  drained(): void {
    this.#passage.moved = true;
    this.peer?.connection.resume();
    this.#passage.check();
  }

  /** What it has sent before is still read and passed on; its end or failure follows, or has come before. */
  refused(): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.#passage.blame(this.#name, "refused");
    const { peer } = this;
    if (peer !== null) {
      peer.#discards = true;
      peer.connection.resume();
    }
    if (this.#over) this.#passage.linger();
  }

  failed(code: string): void {
    this.#passage.blame(this.#name, reasonOf(code));
    this.connection.close();
    this.peer?.connection.reset();
    this.#passage.destroy();
  }
}

/** The log's token for a connection that broke. */
function reasonOf(code: string): string {
  return code === "ECONNRESET" || code === "EPIPE" ? "reset" : code.toLowerCase();
}

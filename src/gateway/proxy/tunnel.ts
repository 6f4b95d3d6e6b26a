import { randomBytes } from "node:crypto";
import type { Block } from "../transport/block.ts";
import { type Connection, type Endpoint, Written } from "../transport/transport.ts";
import { closeFrame } from "./close-frame.ts";
import { constant } from "./constants.ts";
import { FrameTracker } from "./frame-tracker.ts";

/** RFC 6455 registry: "service restart", which tells a client to come back, and "going away". */
const serviceRestart = 1012;
const goingAway = 1001;
/** How long both sides have to come to a frame border and to answer the Close, in milliseconds. */
const closeWaitMs = 1_000;

export interface TunnelOptions {
  client: Connection;
  target: Connection;
  webSocket: boolean;
  /** Is called once, when both connections are closed. */
  closed(): void;
}

/** Two connections joined after an upgrade, each direction with backpressure and an end of its own. */
export class Tunnel {
  /** Bytes that went each way. */
  up = 0;
  down = 0;
  /** Something moved since this was last set to false. */
  moved = true;
  readonly #client: Side;
  readonly #target: Side;
  readonly #webSocket: boolean;
  readonly #closed: () => void;
  #closing = false;
  #code = serviceRestart;
  #timer: NodeJS.Timeout | null = null;
  #open = true;

  constructor({ client, target, webSocket, closed }: TunnelOptions) {
    this.#webSocket = webSocket;
    this.#closed = closed;
    this.#client = new Side(this, client, webSocket, () => closeFrame(this.#code, randomBytes(4)));
    this.#target = new Side(this, target, webSocket, () => closeFrame(this.#code, null));
    this.#client.peer = this.#target;
    this.#target.peer = this.#client;
    client.endpoint = this.#client;
    target.endpoint = this.#target;
  }

  /** Follows what the target sent with its head, which is written already, and passes on what the client sent early. */
  begin(block: Block, start: number, end: number, early: Uint8Array | null): void {
    this.down += end - start;
    this.#target.follow(block.bytes, start, end);
    if (early === null || early.length === 0) return;
    const sent = constant(early);
    this.#client.received(sent.block, sent.start, sent.end);
  }

  /** The client had ended its side before. */
  clientEnded(): void {
    this.#client.ended();
  }

  /** Ends a WebSocket with Close frames at the next frame borders, anything else with both ends' FIN. */
  close(): void {
    if (this.#closing || !this.#open) return;
    this.#closing = true;
    this.#timer = setTimeout(() => this.destroy(), closeWaitMs);
    if (!this.#webSocket) {
      this.#client.connection.end();
      this.#target.connection.end();
      return;
    }
    this.#target.endFrames();
    this.#client.endFrames();
    this.check();
  }

  /** Ends what nobody has used for long. */
  closeIdle(): void {
    if (!this.#closing) this.#code = goingAway;
    this.close();
  }

  /** Closes both connections at once. */
  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#client.connection.close();
    this.#target.connection.close();
    this.#closed();
  }

  count(side: Side, bytes: number): void {
    this.moved = true;
    if (side === this.#client) this.up += bytes;
    else this.down += bytes;
  }

  /** Closes when all is said in both directions. */
  check(): void {
    const client = this.#client;
    const target = this.#target;
    if (client.over && target.over && client.connection.queued === 0 && target.connection.queued === 0) {
      this.destroy();
      return;
    }
    // The Close frames are answered: both sides may go.
    if (this.#closing && this.#webSocket && client.saidClose && target.framesEnded) {
      client.connection.end();
      target.connection.end();
    }
  }
}

/** One of the two connections: what it sends goes to its peer. */
class Side implements Endpoint {
  peer: Side | null = null;
  /** The connection has sent FIN. */
  over = false;
  /** A Close frame took the place of what it sends from here on. */
  framesEnded = false;
  readonly connection: Connection;
  readonly #tunnel: Tunnel;
  readonly #tracker: FrameTracker | null;
  readonly #makeClose: () => Buffer;
  #ending = false;

  constructor(tunnel: Tunnel, connection: Connection, webSocket: boolean, makeClose: () => Buffer) {
    this.#tunnel = tunnel;
    this.connection = connection;
    this.#tracker = webSocket ? new FrameTracker() : null;
    this.#makeClose = makeClose;
  }

  /** It has sent a Close frame, or ended. */
  get saidClose(): boolean {
    return this.over || (this.#tracker?.closed ?? false);
  }

  follow(bytes: Uint8Array, start: number, end: number): void {
    this.#tracker?.track(bytes, start, end);
  }

  /** Lets nothing through after the current frame, and puts a Close frame at its end. */
  endFrames(): void {
    this.#ending = true;
    this.#putClose();
  }

  connected(): void {}

  received(block: Block, start: number, end: number): void {
    this.#tunnel.count(this, end - start);
    if (this.framesEnded) {
      this.follow(block.bytes, start, end);
      this.#tunnel.check();
      return;
    }
    let last = end;
    if (this.#tracker !== null) last = this.#tracker.track(block.bytes, start, end, this.#ending);
    if (last > start) this.#pass(block, start, last);
    if (!this.#ending) return;
    this.#putClose();
    this.follow(block.bytes, last, end);
    this.#tunnel.check();
  }

  ended(): void {
    if (this.over) return;
    this.over = true;
    this.peer?.connection.end();
    this.#tunnel.check();
  }

  drained(): void {
    this.peer?.connection.resume();
    this.#tunnel.check();
  }

  refused(): void {
    this.#tunnel.destroy();
  }

  failed(): void {
    this.#tunnel.destroy();
  }

  #pass(block: Block, start: number, end: number): void {
    const written = this.peer?.connection.write(block, start, end);
    if (written === Written.queued) this.connection.pause();
    else if (written === Written.refused) this.#tunnel.destroy();
  }

  #putClose(): void {
    const tracker = this.#tracker;
    if (this.framesEnded || tracker === null || !tracker.atBorder) return;
    this.framesEnded = true;
    if (!tracker.closed) {
      const frame = constant(this.#makeClose());
      this.peer?.connection.write(frame.block, frame.start, frame.end);
    }
    this.connection.resume();
  }
}

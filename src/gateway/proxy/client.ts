import { resolveClient } from "../edge/client-identity.ts";
import type { ClientFields } from "../edge/forwarding-fields.ts";
import type { RequestHead, ResponseHead } from "../http1/head.ts";
import { parseRequestHead } from "../http1/request-head.ts";
import type { Door } from "../gate.ts";
import { type ClientPlace, clientPlace } from "../routing/client-place.ts";
import type { Block } from "../transport/block.ts";
import { type Connection, type Endpoint, Written } from "../transport/transport.ts";
import { ByteStore } from "./byte-store.ts";
import type { ClientHost } from "./client-host.ts";
import type { ClientArrival } from "./client-arrival.ts";
import type { CountedClient, ListedClient } from "./client-list.ts";
import { ClientPace } from "./client-pace.ts";
import { closeWaitMs, waitedEnough } from "./closing-wait.ts";
import type { Entrance } from "./entrance.ts";
import { authorityOf, endsHead } from "./head-end.ts";
import { Exchange } from "./exchange.ts";
import { isWebSocket } from "./head-facts.ts";
import { keptLimit } from "./memory.ts";
import type { Plane } from "./plane.ts";
import type { ProxiedEnds } from "./proxy-header.ts";
import { saidBy } from "./said.ts";
import { Tunnel } from "./tunnel.ts";
import type { UpstreamConnection } from "./upstream.ts";

const State = { head: 0, exchange: 1, tunnel: 2, closing: 3, closed: 4 } as const;
type State = (typeof State)[keyof typeof State];

/** Pause before a client that ended its side is asked for a sign of life again; twice as long each time. */
const firstProbeMs = 100;
/** One connection of a client: reads its requests one after the other, and ends in order. */
export class ClientConnection implements Endpoint, ClientHost, CountedClient {
  readonly plane: Plane;
  readonly connection: Connection;
  readonly entrance: Entrance;
  readonly door: Door;
  readonly ends: ProxiedEnds | null;
  place: ClientPlace;
  fields: ClientFields;
  halfClosed = false;
  /** Coarse time of the next sign of life that is asked for, and the pause after it. */
  #probeAt = 0;
  #probeMs = firstProbeMs;
  readonly exchange: Exchange;
  /** Neighbours in the list of all clients. */
  next: ListedClient | null = null;
  previous: ListedClient | null = null;
  readonly trusted: boolean;
  readonly #onGone: (client: CountedClient) => void;
  /** What targets are told of the connection's own end. */
  readonly #peer: ClientFields;
  #localAuthority: Uint8Array | null = null;
  #state: State = State.head;
  #requests = 0;
  /** Bytes that wait: a part of a head, or what was sent before its turn. */
  readonly #early = new ByteStore();
  /** Of `#early`, when it was last looked at for a head. */
  #lookedAt = 0;
  #paused = false;
  #pumping = false;
  #tunnel: Tunnel | null = null;
  /** Bytes that have come. */
  #received = 0;
  /** From when on it is of interest. */
  #pace: ClientPace | null = null;
  /** Coarse time of the last byte, and of the first byte of a head (0 for none). */
  #activeAt: number;
  #headSince: number;
  /** Coarse time from which the client has all that it gets. */
  #saidAllAt = 0;

  constructor(plane: Plane, arrival: ClientArrival) {
    const { connection, entrance, fields } = arrival;
    this.plane = plane;
    this.connection = connection;
    this.entrance = entrance;
    this.door = entrance.door;
    this.ends = arrival.ends;
    this.trusted = arrival.trusted;
    this.fields = fields;
    this.place = clientPlace(fields.client.address);
    this.#peer = fields;
    this.#onGone = arrival.gone;
    this.#activeAt = plane.now;
    this.#headSince = plane.now;
    this.exchange = new Exchange(this);
  }

  get localAuthority(): Uint8Array {
    this.#localAuthority ??= Buffer.from(
      authorityOf(this.connection.localAddress(), this.connection.localPort()),
      "latin1",
    );
    return this.#localAuthority;
  }

  get address(): string {
    return this.#peer.client.address;
  }

  get idleSince(): number {
    return this.#state === State.head && this.#early.length === 0 ? this.#activeAt : -1;
  }

  connected(): void {}

  received(block: Block, start: number, end: number): void {
    this.#activeAt = this.plane.now;
    this.#received += end - start;
    if (this.#state === State.exchange) this.exchange.received(block, start, end);
    else if (this.#state === State.head) {
      if (this.#early.length === 0) this.#head(block, start, end);
      else this.#moreHead(block, start, end);
    }
  }

  ended(): void {
    this.halfClosed = true;
    if (this.#state === State.exchange && this.exchange.clientEnded()) {
      this.#probeMs = firstProbeMs;
      this.#probe();
      return;
    }
    if (this.#state === State.closing && this.connection.queued > 0) return;
    this.#gone("client-gone");
  }

  drained(): void {
    this.#pace?.emptied();
    if (this.#state === State.exchange) this.exchange.clientDrained();
    else if (this.#state === State.head) this.#goOn();
    else if (this.#state === State.closing && this.halfClosed) this.#gone("");
    else if (this.#state === State.closing) this.#waitForEnd();
  }

  refused(): void {
    this.#gone("client-gone");
  }

  failed(): void {
    this.#gone("client-gone");
  }

  putBy(bytes: Uint8Array, start: number, end: number): void {
    this.#early.append(bytes, start, end);
    if (this.#early.length >= keptLimit) this.pause();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.connection.pause();
  }

  resume(): void {
    if (!this.#paused || this.#early.length >= keptLimit) return;
    this.#paused = false;
    this.connection.resume();
  }

  mayGoOn(): boolean {
    // What a client sent before it ended its side is still answered.
    if (this.halfClosed && this.#early.length === 0) return false;
    return this.entrance.open && this.#requests < this.plane.settings.maxRequestsPerConnection;
  }

  over(goOn: boolean): void {
    if (this.#state !== State.exchange) return;
    if (!goOn) {
      this.#finish();
      return;
    }
    this.#state = State.head;
    this.#headSince = 0;
    this.#activeAt = this.plane.now;
    this.#lookedAt = 0;
    if (this.#pace !== null) this.#pace.endSending(this.#received);
    // A client that takes no answers gets no more of them.
    if (this.connection.queued > 0) this.pause();
    else this.#goOn();
  }

  breakOff(reset: boolean): void {
    if (this.#state === State.closed) return;
    if (reset) this.connection.reset();
    this.#gone("client-gone");
  }

  openTunnel(
    upstream: UpstreamConnection,
    block: Block,
    head: ResponseHead,
    end: number,
    closed: () => void,
  ): Tunnel {
    const webSocket = isWebSocket(block.bytes, head);
    this.#state = State.tunnel;
    const target = upstream.handOver();
    const tunnel = new Tunnel({
      client: this.connection,
      target,
      webSocket,
      closed: () => {
        this.#leave();
        closed();
      },
    });
    const written = this.connection.write(block, head.start, end);
    if (written === Written.queued) target.pause();
    const early = this.#early.length > 0 ? this.#early.view().slice() : null;
    this.#early.clear();
    tunnel.begin(block, head.end, end, early);
    if (this.halfClosed) tunnel.clientEnded();
    this.resume();
    this.#tunnel = tunnel;
    if (written === Written.refused) tunnel.destroy();
    return tunnel;
  }

  tick(now: number): void {
    if (this.#state === State.tunnel) {
      this.#tickTunnel(now);
      return;
    }
    if (this.connection.queued > 0) this.#pace ??= new ClientPace();
    if (this.#pace !== null && this.#takesTooLittle(this.#pace, now)) {
      this.connection.reset();
      this.#gone("send-timeout");
    } else if (this.#state === State.exchange) {
      this.exchange.tick(now);
      this.#tickExchange(now);
    } else if (this.#state === State.head) this.#tickHead(now);
    else if (this.#state === State.closing && this.connection.queued === 0) {
      if (waitedEnough(now, this.#activeAt, this.#saidAllAt)) this.#gone("");
    }
    if (this.plane.settings.minRate > 0 && this.#state === State.exchange) this.#tickBody(now);
  }

  closeWhenIdle(): void {
    if (this.idleSince >= 0) this.#gone("");
  }

  #takesTooLittle(pace: ClientPace, now: number): boolean {
    const measured = this.#state === State.exchange && this.exchange.claim.phase !== "long";
    const sent = measured ? this.exchange.bytesSent : -1;
    return pace.takesTooLittle(this.connection, sent, now, this.plane.settings);
  }

  #tickHead(now: number): void {
    const { headerMs, keepAliveMs } = this.plane.settings;
    if (this.connection.queued > 0) return;
    if (this.#early.length > 0) {
      const limit = this.entrance.open ? headerMs : Math.min(headerMs, closeWaitMs);
      if (now - this.#headSince > limit) this.#refuse(408, "header-timeout");
    } else if (this.#requests === 0) {
      if (now - this.#headSince > headerMs) this.#gone("");
    } else if (now - this.#activeAt > keepAliveMs) this.#gone("");
  }

  #tickTunnel(now: number): void {
    const { tunnelMs } = this.plane.settings;
    const tunnel = this.#tunnel;
    if (tunnelMs === 0 || tunnel === null) return;
    if (tunnel.moved) this.#activeAt = now;
    else if (now - this.#activeAt >= tunnelMs) tunnel.closeIdle();
    tunnel.moved = false;
  }

  #tickExchange(now: number): void {
    if (this.#state !== State.exchange) return;
    const { settings } = this.plane;
    if (this.exchange.relay.takeMoved()) this.#activeAt = now;
    const silent = now - this.#activeAt;
    if (this.exchange.dispatch.wantsBody && !this.#paused && silent > settings.bodyMs) {
      this.exchange.fail(408, "client", "body-timeout");
    } else if (this.halfClosed && silent > settings.halfClosedMs) this.#gone("client-gone");
    else if (this.halfClosed && now >= this.#probeAt) this.#probe();
  }

  /** A body has to come at the least rate, while it is the client that has to move. */
  #tickBody(now: number): void {
    if (this.exchange.dispatch.wantsBody && !this.#paused) {
      this.#pace ??= new ClientPace();
      if (this.#pace.sendsTooLittle(this.#received, now, this.plane.settings)) {
        this.exchange.fail(408, "client", "body-too-slow");
      }
    } else this.#pace?.excuseSending(this.#received, now);
  }

  /**
   * A client that ended its side may have ended both: only an answer to something that is sent tells. An interim
   * response may be sent at any time (RFC 9110 section 15.2), and a connection that is gone answers it with RST.
   */
  #probe(): void {
    if (this.exchange.answered || this.exchange.dispatch.minor === 0) return;
    this.#probeAt = this.plane.now + this.#probeMs;
    this.#probeMs *= 2;
    if (this.exchange.dispatch.sayContinue() === Written.refused) this.#gone("client-gone");
  }

  #head(block: Block, start: number, end: number): void {
    const { head, headLimits } = this.plane;
    const parsed = parseRequestHead(block.bytes, block.words, start, end, head, headLimits);
    if (parsed > 0) {
      this.#requests += 1;
      this.#state = State.exchange;
      if (this.trusted) this.#believe(block.bytes, head);
      this.exchange.begin(block, end);
    } else if (parsed === 0) {
      this.#early.append(block.bytes, start, end);
      this.#lookedAt = this.#early.length;
      if (this.#headSince === 0) this.#headSince = this.plane.now;
    } else this.#refuse(head.status, head.reason);
  }

  /** Looks for a head again when its end may have come, or when twice as much is there as the last time. */
  #moreHead(block: Block, start: number, end: number): void {
    const ends = endsHead(block.bytes, start, end);
    this.#early.append(block.bytes, start, end);
    const { length } = this.#early;
    if (ends || length >= 2 * this.#lookedAt || length > this.plane.headLimits.bytes) this.#pump();
  }

  /** Goes on with what has come already. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const { join } = this.plane.memory;
    while (this.#state === State.head && this.#early.length > 0 && this.connection.queued === 0) {
      const { length } = this.#early;
      join.bytes.set(this.#early.view(), join.start);
      this.#early.clear();
      this.#head(join, join.start, join.start + length);
      if (this.#state === State.head && this.#early.length === length) break;
    }
    this.#pumping = false;
    if (this.#state !== State.head || this.connection.queued > 0) return;
    if (this.halfClosed) this.#finish();
    else this.resume();
  }

  /** To the next request. */
  #goOn(): void {
    if (this.#early.length > 0) this.#pump();
    else if (this.halfClosed || !this.entrance.open) this.#finish();
    else this.resume();
  }

  /** Answers what is no request, and ends the connection. */
  #refuse(status: number, reason: string): void {
    this.#early.clear();
    this.#state = State.closing;
    this.plane.reporter.refused(this, status, reason, this.#headSince || this.plane.now);
    this.#endSide();
  }

  /** Whom a trusted proxy speaks for. */
  #believe(bytes: Uint8Array, head: RequestHead): void {
    const client = resolveClient(this.plane.trust, this.#peer.client, saidBy(bytes, head));
    this.fields = this.plane.clientFields.of(client);
    if (this.place.address !== client.address) this.place = clientPlace(client.address);
  }

  #finish(): void {
    // With nothing unread the kernel sends what is left, and FIN after it; otherwise it would send RST.
    const clean = this.exchange.dispatch.body.done && this.#early.length === 0 && !this.#paused;
    this.#state = State.closing;
    if (clean && this.connection.queued === 0) this.#gone("");
    else this.#endSide();
  }

  #waitForEnd(): void {
    this.#activeAt = this.plane.now;
    this.#saidAllAt = this.plane.now;
  }

  #endSide(): void {
    this.#waitForEnd();
    this.#early.clear();
    this.connection.end();
    this.#paused = false;
    this.connection.resume();
    if (this.halfClosed && this.connection.queued === 0) this.#gone("");
  }

  #gone(reason: string): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    this.connection.close();
    this.exchange.clientGone(reason);
    this.#leave();
  }

  #leave(): void {
    this.#state = State.closed;
    this.#early.clear();
    this.#tunnel = null;
    this.#onGone(this);
  }
}

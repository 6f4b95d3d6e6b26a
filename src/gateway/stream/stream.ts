import { connectFailed, succeeded } from "../balance/outcome.ts";
import { TriedTargets } from "../balance/tried-targets.ts";
import { TargetClaim } from "../claims.ts";
import type { Destination } from "../destination.ts";
import { readProxyHeader, writeProxyHeader } from "../edge/proxy-protocol.ts";
import type { Gate } from "../gate.ts";
import { Outcome } from "../claim-outcome.ts";
import { connectReason } from "../proxy/connect-reason.ts";
import { connectPause } from "../proxy/retry.ts";
import type { TargetState } from "../target-state.ts";
import { type Block, constantBlock } from "../transport/block.ts";
import type { Connection, Endpoint, Transport } from "../transport/transport.ts";
import { EarlyBytes } from "./early-bytes.ts";
import { Passage } from "./passage.ts";
import { readServerName } from "./server-name.ts";
import type { StreamReport } from "./stream-report.ts";

/** Bytes that a client may send before there is a target for it; above it, reading stops. */
const earlyLimit = 65_536;
const lingerMs = 1_000;
const nothing = new Uint8Array(0);
/** Fatal alerts (RFC 8446 section 6.2): unrecognized_name and internal_error. */
const unrecognizedName = alert(112);
const internalError = alert(80);

export type StreamGate = Pick<Gate, "claimStream" | "wait" | "forget" | "destination">;

/** What all streams of a worker share. */
export interface StreamPlane {
  readonly gate: StreamGate;
  readonly transport: Transport;
  /** Time for what is read before the route is known; time without a byte, 0 for ever. Milliseconds. */
  readonly settings: {
    readonly headerMs: number;
    readonly tunnelMs: number;
    readonly proxyProtocol: boolean;
  };
  /** Whether the PROXY header of this address is believed. */
  readonly trust: (address: string) => boolean;
  /** `performance.now()`, up to a tick ago. */
  now: number;
  /** A stream is over and closed. */
  ended(stream: StreamConnection, report: StreamReport): void;
}

type Part = StreamReport["part"];
const State = { head: 0, waiting: 1, connecting: 2, pausing: 3, open: 4, refusing: 5, closed: 6 } as const;
type State = (typeof State)[keyof typeof State];

/** A connection of a client that is passed on as it is: of a listener of the protocol `tcp` or `tls`. */
export class StreamConnection implements Endpoint {
  /** Neighbours in the list of all streams. */
  next: StreamConnection | null = null;
  previous: StreamConnection | null = null;
  readonly connection: Connection;
  readonly #plane: StreamPlane;
  readonly #listener: string;
  readonly #byName: boolean;
  readonly #claim = new TargetClaim(this);
  readonly #early = new EarlyBytes();
  readonly #tried = new TriedTargets();
  readonly #startedAt = performance.now();
  #state: State = State.head;
  #proxyHeader: boolean;
  #client: { address: string; port: number };
  #local: { address: string; port: number };
  #serverName: string | null = null;
  #clientEnded = false;
  #destination: Destination | null = null;
  #target: TargetState | null = null;
  #upstream: Connection | null = null;
  #passage: Passage | null = null;
  #timer: NodeJS.Timeout | null = null;
  #connectingAt = 0;
  #connectMs = -1;
  #part: Part = "";
  #reason = "";
  #failures = 0;
  #firstFailureAt = 0;
  #movedAt: number;

  constructor(plane: StreamPlane, connection: Connection, listener: string, protocol: "tcp" | "tls") {
    this.#plane = plane;
    this.connection = connection;
    this.#listener = listener;
    this.#byName = protocol === "tls";
    this.#proxyHeader = plane.settings.proxyProtocol;
    this.#client = { address: connection.remoteAddress(), port: connection.remotePort() };
    this.#local = { address: connection.localAddress(), port: connection.localPort() };
    this.#movedAt = plane.now;
  }

  /** Starts it, once: a TCP stream looks for a target before the client says a word. */
  begin(): void {
    if (this.#byName || this.#proxyHeader)
      this.#after(this.#plane.settings.headerMs, () => this.#refuse("client", "head-timeout", null));
    else this.#seek();
  }

  /** To be called every now and then. */
  tick(now: number): void {
    const passage = this.#passage;
    const { tunnelMs } = this.#plane.settings;
    if (passage === null) return;
    if (passage.moved) this.#movedAt = now;
    passage.moved = false;
    if (tunnelMs > 0 && now - this.#movedAt >= tunnelMs) passage.cut("idle");
  }

  // As a `Cutter`: what a drain does.

  timeout(): void {
    this.close();
  }

  close(): void {
    const { target } = this.#claim;
    if (this.#passage !== null) this.#passage.cut("drained");
    else if (target !== null) {
      // Nothing was sent: another target may have it.
      this.#leave();
      this.#tried.add(target);
      this.#seek();
    }
  }

  /** Closes it at once if no target has it yet. */
  abort(reason: string): void {
    if (this.#passage === null && this.#state !== State.closed)
      this.#refuse("gateway", reason, internalError);
  }

  // As a `Waiter` of the gate.

  retry(): void {
    this.#seek();
  }

  overdue(outcome: Outcome): void {
    this.#unserved(outcome);
  }

  // As the client's `Endpoint`, until there is a passage.

  connected(): void {}

  received(block: Block, start: number, end: number): void {
    if (this.#state === State.refusing || this.#state === State.closed) return;
    this.#early.append(block.bytes, start, end);
    if (this.#early.length >= earlyLimit) this.connection.pause();
    if (this.#state === State.head) this.#readHead();
  }

  ended(): void {
    this.#clientEnded = true;
    // Without a word to come, neither a head is made whole nor a handshake.
    if (this.#state === State.refusing) this.#end("", "");
    else if (this.#byName || this.#state === State.head) this.#end("client", "left");
  }

  drained(): void {}

  refused(): void {}

  failed(): void {
    this.#end("client", "left");
  }

  #readHead(): void {
    if (this.#proxyHeader && !this.#readProxy()) return;
    if (this.#byName) this.#readHello();
    else this.#seek();
  }

  #readHello(): void {
    const read = readServerName(this.#early.view(), 0, this.#early.length);
    if (read.kind === "bad") this.#refuse("client", read.reason, null);
    else if (read.kind === "name") {
      this.#serverName = read.name;
      this.#seek();
    }
  }

  #readProxy(): boolean {
    const read = readProxyHeader(this.#early.view(), 0, this.#early.length);
    if (read.kind === "more") return false;
    if (read.kind === "bad") {
      this.#refuse("client", read.reason, null);
      return false;
    }
    this.#proxyHeader = false;
    this.#early.drop(read.end);
    if (this.#plane.trust(this.#client.address) && read.source !== null && read.destination !== null) {
      this.#client = read.source;
      this.#local = read.destination;
    }
    return true;
  }

  #seek(): void {
    this.#stopTimer();
    const { gate } = this.#plane;
    const outcome = gate.claimStream(this.#listener, this.#serverName, this.#claim, this.#tried);
    this.#destination = gate.destination ?? this.#destination;
    if (outcome === Outcome.claimed) this.#connect();
    else if (gate.wait(this, outcome, this.#claim, this.#tried)) this.#state = State.waiting;
    else this.#unserved(outcome);
  }

  #connect(): void {
    const { target } = this.#claim;
    const destination = this.#destination;
    if (target === null || destination === null) return;
    this.#state = State.connecting;
    this.#target = target;
    this.#connectingAt = performance.now();
    this.#upstream = this.#plane.transport.connect(target.address, target.port, new Attempt(this));
    this.#after(destination.connectMs, () => this.attemptFailed("ETIMEDOUT"));
  }

  /** The connection to the target stands. */
  attemptConnected(): void {
    const { connection } = this;
    const target = this.#upstream;
    const destination = this.#destination;
    if (target === null || destination === null || this.#target === null) return;
    this.#stopTimer();
    this.#state = State.open;
    this.#connectMs = performance.now() - this.#connectingAt;
    succeeded(this.#target);
    const passage = new Passage({
      client: connection,
      target,
      closed: (part, reason) => this.#end(part, reason),
    });
    this.#passage = passage;
    this.#movedAt = this.#plane.now;
    const { proxyProtocol } = destination;
    const header = proxyProtocol === 0 ? nothing : writeProxyHeader(proxyProtocol, this.#client, this.#local);
    if (header.length + this.#early.length > 0) {
      const { block, start, end } = this.#early.take(header);
      // It stands again before `pass` may stop it.
      connection.resume();
      passage.client.pass(block, start, end);
      passage.client.bytes -= header.length;
    }
    if (this.#clientEnded) passage.client.ended();
  }

  /** No connection came about, so nothing was sent. */
  attemptFailed(code: string): void {
    const target = this.#target;
    const destination = this.#destination;
    if (target === null || destination === null || this.#state !== State.connecting) return;
    const now = performance.now();
    this.#stopTimer();
    this.#dropAttempt();
    this.#claim.release();
    connectFailed(destination, target, now);
    this.#tried.add(target);
    if (this.#failures === 0) this.#firstFailureAt = now;
    const pause = connectPause(destination.targets, this.#tried, this.#failures, now - this.#firstFailureAt);
    this.#failures += 1;
    if (pause < 0) this.#refuse("target", connectReason(code), internalError);
    else if (pause === 0) this.#seek();
    else {
      this.#state = State.pausing;
      this.#tried.clear();
      this.#after(pause, () => this.#seek());
    }
  }

  #unserved(outcome: Outcome): void {
    if (outcome === Outcome.noRoute) this.#refuse("gateway", "no-route", unrecognizedName);
    else this.#refuse("gateway", outcome === Outcome.full ? "queue-full" : "no-target", internalError);
  }

  /** Ends a connection that nobody gets: a TLS client is told by an alert, others by a reset. */
  #refuse(part: Part, reason: string, said: Block | null): void {
    const { connection } = this;
    this.#blame(part, reason);
    if (!this.#byName || said === null || this.#clientEnded) {
      connection.reset();
      this.#end("", "");
      return;
    }
    this.#leave();
    this.#state = State.refusing;
    connection.write(said, said.start, said.start + said.size);
    connection.end();
    connection.resume();
    this.#after(lingerMs, () => this.#end("", ""));
  }

  #end(part: Part, reason: string): void {
    if (this.#state === State.closed) return;
    this.#blame(part, reason);
    this.#leave();
    this.#state = State.closed;
    this.connection.close();
    this.#plane.ended(this, this.#report());
  }

  /** Lets go of all but the client's connection. */
  #leave(): void {
    this.#stopTimer();
    if (this.#state === State.waiting) this.#plane.gate.forget(this);
    this.#dropAttempt();
    this.#claim.release();
  }

  #blame(part: Part, reason: string): void {
    if (this.#part !== "") return;
    this.#part = part;
    this.#reason = reason;
  }

  #report(): StreamReport {
    return {
      listener: this.#listener,
      client: this.#client.address,
      serverName: this.#serverName,
      destination: this.#destination,
      target: this.#target,
      startedAt: this.#startedAt,
      endedAt: performance.now(),
      connectMs: this.#connectMs,
      retries: this.#failures,
      bytesUp: this.#passage?.client.bytes ?? 0,
      bytesDown: this.#passage?.target.bytes ?? 0,
      part: this.#part,
      reason: this.#reason,
    };
  }

  #dropAttempt(): void {
    if (this.#passage === null) this.#upstream?.close();
    this.#upstream = null;
  }

  #after(ms: number, then: () => void): void {
    this.#stopTimer();
    this.#timer = setTimeout(then, ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** A connection to a target that does not stand yet. */
class Attempt implements Endpoint {
  readonly #stream: StreamConnection;

  constructor(stream: StreamConnection) {
    this.#stream = stream;
  }

  connected(): void {
    this.#stream.attemptConnected();
  }

  failed(code: string): void {
    this.#stream.attemptFailed(code);
  }

  received(): void {}
  ended(): void {}
  drained(): void {}
  refused(): void {}
}

function alert(description: number): Block {
  return constantBlock(new Uint8Array([21, 3, 3, 0, 2, 2, description]));
}

import { succeeded } from "../balance/outcome.ts";
import { stickyField } from "../balance/sticky.ts";
import { type Cutter, TargetClaim } from "../claims.ts";
import type { Destination } from "../destination.ts";
import type { FailedPart } from "../edge/error-page.ts";
import type { Framing, MethodCode, ResponseHead } from "../http1/head.ts";
import type { Block } from "../transport/block.ts";
import { Written } from "../transport/transport.ts";
import type { ClientHost } from "./client-host.ts";
import { Dispatch } from "./dispatch.ts";
import { Deadline, Due } from "./due.ts";
import { ResponseRelay } from "./response-relay.ts";
import { rewriteInterim } from "./rewrite-response.ts";
import type { Asker } from "./send-request.ts";
import type { Tunnel } from "./tunnel.ts";

/** How long a body may go on arriving after its answer was sent. */
const lingerMs = 2_000;
/** How long an event stream may take to come to a border once it is to end. */
const borderMs = 1_000;

/**
 * One request and its answer. A client connection has one exchange and uses it for all its requests, one after the
 * other. It holds a claim from before anything is sent to a target until the target has done its part.
 */
export class Exchange implements Asker, Cutter {
  active = false;
  /** `performance.now()` at the request's head, and at the answer's. */
  startedAt = 0;
  headAt = 0;
  /** What the access log keeps of the request; negative for nothing. */
  note = -1;
  readonly host: ClientHost;
  readonly claim: TargetClaim;
  readonly dispatch: Dispatch;
  readonly relay = new ResponseRelay();
  readonly #deadline = new Deadline();
  #clientKeeps = true;
  #tunnel: Tunnel | null = null;

  constructor(host: ClientHost) {
    this.host = host;
    this.claim = new TargetClaim(this);
    this.dispatch = new Dispatch(this);
  }

  /** The answer's head was sent. */
  get answered(): boolean {
    return this.relay.started;
  }

  /** Bytes sent to the client after the head. */
  get bytesSent(): number {
    return this.#tunnel?.down ?? this.relay.bytes;
  }

  get destination(): Destination | null {
    return this.dispatch.destination;
  }

  get targetName(): Uint8Array | null {
    return this.dispatch.targetName;
  }

  get method(): MethodCode {
    return this.dispatch.method;
  }

  get minor(): number {
    return this.dispatch.minor;
  }

  get connectMs(): number {
    return this.dispatch.connectMs;
  }

  get retries(): number {
    return this.dispatch.attempts.retries;
  }

  /** Begins with the request whose head `plane.head` has, and whose bytes stand in the block up to `end`. */
  begin(block: Block, end: number): void {
    this.active = true;
    this.startedAt = performance.now();
    this.headAt = 0;
    this.#tunnel = null;
    this.relay.reset();
    this.#deadline.clear();
    this.#clientKeeps = this.host.plane.head.keepAlive;
    this.dispatch.begin(block, end);
  }

  /** Bytes of the client while the exchange is under way. */
  received(block: Block, start: number, end: number): void {
    if (this.#deadline.due === Due.linger) this.#linger(block, start, end);
    else this.dispatch.received(block, start, end);
  }

  /** The client has ended its side. True when the exchange can still be of use to it. */
  clientEnded(): boolean {
    return this.dispatch.isWhole() && this.claim.phase !== "long";
  }

  /** The client takes bytes again. */
  clientDrained(): void {
    this.dispatch.upstream?.connection.resume();
  }

  /** The client is gone: whatever is under way is of no use any more. */
  clientGone(reason: string): void {
    if (!this.active) return;
    const { answered } = this;
    const lingers = this.#deadline.due === Due.linger;
    this.#letGo();
    this.active = false;
    if (!lingers) this.host.plane.reporter.left(this, answered, reason);
  }

  /** Answers the request with an error of the gateway's own, or breaks the answer off. */
  fail(status: number, part: FailedPart, reason: string): void {
    const { host, relay, dispatch } = this;
    if (relay.started) {
      this.#letGo();
      host.plane.reporter.broken(this, part, reason);
      this.active = false;
      host.breakOff(relay.endsWithConnection);
      return;
    }
    const bytes = dispatch.giveUp();
    relay.goesOn = this.#clientKeeps && host.mayGoOn() && status !== 400 && status !== 408 && status !== 413;
    if (dispatch.expects && !dispatch.body.done) relay.goesOn = false;
    host.plane.reporter.failed(this, bytes, status, part, reason);
    this.#answered();
  }

  timeout(): void {
    if (this.active && !this.answered) this.fail(504, "gateway", "drain-deadline");
  }

  close(): void {
    if (this.#tunnel !== null) this.#tunnel.close();
    else if (this.claim.phase !== "long") this.fail(503, "gateway", "drain-deadline");
    else if (this.relay.atEventBorder(this.dispatch.upstream?.betweenChunks ?? false)) this.#endEarly();
    else {
      this.#dueIn(Due.border, borderMs);
      this.#takeOverChunks();
    }
  }

  /** To be called from time to time. @param now coarse time */
  tick(now: number): void {
    const due = this.#deadline.take(now);
    if (due === Due.border) this.#endEarly();
    else if (due === Due.linger) this.#over(false);
    else this.dispatch.tick(now);
  }

  targetConnected(): void {
    this.dispatch.connected();
  }

  targetUnreachable(code: string): void {
    this.dispatch.unreachable(code);
  }

  targetDrained(): void {
    this.dispatch.drained();
  }

  interim(block: Block, head: ResponseHead): void {
    const { dispatch, host } = this;
    if (dispatch.minor === 0) return;
    let written: Written = Written.done;
    if (head.statusCode !== 100) {
      written = host.connection.write(block, rewriteInterim(block.bytes, head), head.end);
    } else if (dispatch.expects) written = dispatch.sayContinue();
    if (written === Written.refused) host.breakOff(false);
  }

  switched(block: Block, head: ResponseHead, end: number): void {
    const { dispatch, host } = this;
    const { upstream } = dispatch;
    if (upstream === null) return;
    if (!dispatch.upgrade) {
      this.fail(502, "target", "unasked-upgrade");
      return;
    }
    this.headAt = performance.now();
    this.relay.started = true;
    this.relay.status = 101;
    host.plane.reporter.answered(this);
    this.claim.enter("long");
    this.#tunnel = host.openTunnel(upstream, block, head, end, () => {
      this.claim.release();
      host.plane.reporter.done(this);
    });
    dispatch.upstream = null;
  }

  responseHead(block: Block, head: ResponseHead, framing: Framing, bodyEnd: number, whole: boolean): void {
    const { host, relay, dispatch } = this;
    const { body, target } = dispatch;
    this.headAt = performance.now();
    dispatch.answered();
    if (target !== null) succeeded(target);
    if (whole && !body.done) dispatch.upstream?.spoil();
    const goOn = this.#clientKeeps && host.mayGoOn() && !(dispatch.expects && !body.done);
    if (!whole) this.claim.enter(relay.watch(block.bytes, head) ? "long" : "streaming");
    const { minor } = dispatch;
    const cookie = this.#cookie();
    const written = relay.head(host.connection, block, head, framing, bodyEnd, minor, goOn, cookie);
    host.plane.reporter.answered(this);
    this.#passed(written, whole);
  }

  responseBody(block: Block, start: number, end: number, whole: boolean): void {
    const { relay, host, dispatch } = this;
    if (whole && !dispatch.body.done) dispatch.upstream?.spoil();
    if (this.#deadline.due !== Due.border) {
      this.#passed(relay.body(host.connection, block, start, end), whole);
      return;
    }
    const border = relay.eventEnd(block, start, end);
    relay.body(host.connection, block, start, border < 0 ? end : border);
    if (border >= 0) this.#endEarly();
    else this.#takeOverChunks();
  }

  responseEnded(): void {
    this.dispatch.upstream = null;
    this.claim.release();
    this.relay.finish(this.host.connection);
    this.host.plane.reporter.done(this);
    this.#answered();
  }

  responseBroken(reason: string): void {
    const { dispatch } = this;
    const { upstream } = dispatch;
    dispatch.upstream = null;
    this.claim.release();
    if (upstream === null) return;
    if (!this.answered && dispatch.broken(upstream)) return;
    dispatch.upstream = upstream;
    this.fail(502, "target", reason);
  }

  /** The line that keeps the client on its target, where it is not kept yet. */
  #cookie(): Uint8Array | null {
    const { destination, stuck, target } = this.dispatch;
    const sticky = destination?.sticky ?? null;
    return sticky === null || stuck || target === null ? null : stickyField(sticky, target);
  }

  /** After a write to the client. */
  #passed(written: Written, whole: boolean): void {
    if (written === Written.refused) this.host.breakOff(false);
    else if (written === Written.queued && !whole) this.dispatch.upstream?.connection.pause();
  }

  /** So that an event stream can be ended within a chunk. */
  #takeOverChunks(): void {
    const { upstream } = this.dispatch;
    if (upstream?.betweenChunks !== true) return;
    upstream.decode();
    this.relay.takeOverChunks();
  }

  #endEarly(): void {
    const { host, relay, dispatch } = this;
    const ended = relay.endEarly(host.connection, dispatch.upstream?.betweenChunks ?? false);
    this.#letGo();
    host.plane.reporter.done(this);
    if (ended) this.#answered();
    else {
      this.active = false;
      host.breakOff(relay.endsWithConnection);
    }
  }

  /** The answer is written: on, when the request has been read. */
  #answered(): void {
    const { relay, dispatch } = this;
    dispatch.dropStored();
    if (dispatch.body.done || !relay.goesOn || dispatch.expects) {
      this.#over(relay.goesOn && dispatch.body.done);
      return;
    }
    this.#dueIn(Due.linger, lingerMs);
    this.host.resume();
  }

  /** Reads the rest of a body that nobody waits for any more. */
  #linger(block: Block, start: number, end: number): void {
    const { body } = this.dispatch;
    const bodyEnd = body.advance(block.bytes, start, end);
    if (bodyEnd < 0) {
      this.#over(false);
      return;
    }
    if (bodyEnd < end) this.host.putBy(block.bytes, bodyEnd, end);
    if (body.done) this.#over(this.relay.goesOn);
  }

  #over(goOn: boolean): void {
    this.active = false;
    this.#deadline.clear();
    this.host.over(goOn);
  }

  #letGo(): void {
    this.#deadline.clear();
    this.dispatch.letGo();
  }

  #dueIn(due: Due, ms: number): void {
    this.#deadline.set(due, this.host.plane.now + ms);
  }
}

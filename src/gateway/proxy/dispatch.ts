import { connectFailed, failed as targetFailed } from "../balance/outcome.ts";
import type { Destination } from "../destination.ts";
import { Outcome, type Waiter } from "../gate.ts";
import { MethodCode, TargetForm } from "../http1/head.ts";
import type { TargetState } from "../target-state.ts";
import type { Block } from "../transport/block.ts";
import { Written } from "../transport/transport.ts";
import { Attempts } from "./attempts.ts";
import { BodyTracker } from "./body.ts";
import { BodyCollection, type CollectionOwner } from "./body-collection.ts";
import type { ClientHost } from "./client-host.ts";
import { connectReason } from "./connect-reason.ts";
import { continueAnswer } from "./constants.ts";
import { Deadline, Due, tickMs } from "./due.ts";
import { mayUpgrade } from "./head-facts.ts";
import { HeldRequest, measureRequest, parseSent, settleRequest } from "./held-request.ts";
import { sendProxyHeader } from "./proxy-header.ts";
import { refusalOf } from "./refusal.ts";
import { isIdempotent } from "./retry.ts";
import { type Asker, type SendableRequest, sendRequest } from "./send-request.ts";
import { UpstreamConnection } from "./upstream.ts";

/** How long a target that was asked with `Expect: 100-continue` may stay silent (RFC 9110 section 10.1.1). */
const continueAfterMs = 1_000;

/**
 * The way of a request to a target: it is routed and claimed for under the table of the moment, waits where it has to,
 * gets a connection, and is sent; again, while nothing can have been acted on.
 */
export class Dispatch implements Waiter, CollectionOwner, SendableRequest {
  method: MethodCode = MethodCode.other;
  minor = 1;
  destination: Destination | null = null;
  target: TargetState | null = null;
  /** The target in the log. */
  targetName: Uint8Array | null = null;
  upstream: UpstreamConnection | null = null;
  readonly body = new BodyTracker();
  /** The client asks for an upgrade that is passed on. */
  upgrade = false;
  /** The client waits for 100 before it sends the body. */
  expects = false;
  /** The client came with the cookie of its target. */
  stuck = false;
  readonly #owner: Asker;
  readonly held = new HeldRequest();
  readonly attempts = new Attempts();
  /** Where the bytes stand that `plane.head` was parsed from; null when it may be another request's. */
  #parsed: Block | null = null;
  #parsedEnd = 0;
  /** The body, where it is sent when it is whole; what is held is the head then. */
  readonly #collection = new BodyCollection(this);
  #waiting = false;
  /** All of the body went with the head. */
  #sentWhole = false;
  #pauseTimer: NodeJS.Timeout | null = null;
  readonly #deadline = new Deadline();
  /** Coarse time at which the last byte of the request was sent on. */
  #sentAt = 0;
  /** `performance.now()` when the last connection was begun, and when it stood (0 for one that stood before). */
  #connectFrom = 0;
  #connectedAt = 0;
  /** Bytes of the body that were taken from the client. */
  #bodyBytes = 0;

  constructor(owner: Asker) {
    this.#owner = owner;
  }

  get connectMs(): number {
    return this.#connectedAt > 0 ? this.#connectedAt - this.#connectFrom : -1;
  }

  /** It is the client's turn to send of the body. */
  get wantsBody(): boolean {
    if (this.#collection.active) return !this.#collection.whole && !this.body.done;
    return !this.body.done && !this.#owner.answered && !this.held.isHeld && !this.expects;
  }

  /** Begins with the request whose head `plane.head` has, and whose bytes stand in the block up to `end`. */
  begin(block: Block, end: number): void {
    const { head } = this.host.plane;
    this.method = head.method;
    this.minor = head.minor;
    this.destination = null;
    this.target = null;
    this.targetName = null;
    this.held.reset();
    this.attempts.reset();
    this.#bodyBytes = 0;
    this.#connectedAt = 0;
    this.upgrade = mayUpgrade(block.bytes, head);
    this.expects = head.expectsContinue;
    this.#deadline.clear();
    this.#routeParsed(block, end);
  }

  /** Bytes of the client while the answer is not over. */
  received(block: Block, start: number, end: number): void {
    const { host } = this.#owner;
    if (this.#collection.active) return this.#collection.received(block, start, end);
    const held = this.held;
    if (held.isHeld && !(held.composed && this.body.done)) {
      held.append(block.bytes, start, end);
      if (held.isFull) host.pause();
      return;
    }
    if (this.body.done) {
      host.putBy(block.bytes, start, end);
      return;
    }
    const bodyEnd = this.body.advance(block.bytes, start, end);
    if (bodyEnd < 0) return this.refuseBody(400, this.body.reason);
    if (bodyEnd < end) host.putBy(block.bytes, bodyEnd, end);
    this.#bodyBytes += bodyEnd - start;
    if (this.#isTooLarge()) return this.refuseBody(413, "body-too-large");
    this.expects = false;
    if (this.#deadline.due === Due.continue) this.#deadline.clear();
    const written = this.upstream?.connection.write(block, start, bodyEnd);
    if (this.body.done) this.#sentAt = host.plane.now;
    else if (written === Written.queued) host.pause();
  }

  /** Whether the client, which has ended its side, has sent the whole request. */
  isWhole(): boolean {
    if (this.#collection.active) return !this.wantsBody;
    const held = this.held;
    const block = held.parse(this.host.plane);
    if (block !== null) measureRequest(this.host.plane, this.body, block, held.length);
    return this.body.done;
  }

  /** To be called from time to time. @param now coarse time */
  tick(now: number): void {
    const { upstream, destination } = this;
    const due = this.#deadline.take(now);
    if (due === Due.continue) this.sayContinue();
    else if (due === Due.connection) {
      upstream?.abandon();
      this.unreachable("ETIMEDOUT");
    } else if (destination !== null && destination.responseMs > 0 && upstream !== null) {
      const waits = !this.#owner.answered && this.body.done && !upstream.connecting;
      if (!waits || now - this.#sentAt <= destination.responseMs + tickMs) return;
      if (this.target !== null) targetFailed(destination, this.target, performance.now());
      this.#owner.fail(504, "target", "response-timeout");
    }
  }

  /** Sends the client 100: it may go on, or, if it was not waiting, shows that it is there. */
  sayContinue(): Written {
    this.expects = false;
    if (this.#deadline.due === Due.continue) this.#deadline.clear();
    return this.host.connection.write(continueAnswer.block, continueAnswer.start, continueAnswer.end);
  }

  /** The answer has begun: the target has the request. */
  answered(): void {
    this.#deadline.clear();
  }

  /** The connection to the target stands. */
  connected(): void {
    const { upstream, destination, host } = this;
    const block = this.held.parse(host.plane);
    if (upstream === null || block === null || destination === null) return;
    const { length } = this.held;
    const bodyEnd = measureRequest(host.plane, this.body, block, length);
    if (bodyEnd < 0) return this.refuseBody(400, this.body.reason);
    if (this.#isTooLarge()) return this.refuseBody(413, "body-too-large");
    this.#connectedAt = performance.now();
    this.held.drop();
    sendProxyHeader(upstream.connection, destination.proxyProtocol, host);
    this.#send(upstream, block, bodyEnd, block.start + length);
  }

  /** No connection came about, so nothing was sent. */
  unreachable(code: string): void {
    const { destination, target } = this;
    this.upstream = null;
    this.#deadline.clear();
    this.#owner.claim.release();
    if (destination === null || target === null) return;
    const now = performance.now();
    connectFailed(destination, target, now);
    const pause = this.attempts.unreachable(target, destination.targets, now);
    if (pause < 0) this.#owner.fail(code === "ETIMEDOUT" ? 504 : 502, "target", connectReason(code));
    else if (pause === 0) this.#routeHeld();
    else this.#pauseTimer = setTimeout(() => this.#routeHeld(), pause);
  }

  /** The connection broke before the answer's head. True when the request is on its way again. */
  broken(upstream: UpstreamConnection): boolean {
    const { destination, target } = this;
    if (destination === null || target === null) return false;
    const now = performance.now();
    targetFailed(destination, target, now);
    const untouched = this.#collection.active || (this.body.done ? this.#sentWhole : this.#bodyBytes === 0);
    const again = upstream.sent.whole && untouched && this.attempts.sent <= destination.retries;
    if (!again || !destination.retryBudget.spend(now)) return false;
    this.attempts.again(target);
    this.held.holdAgain(upstream.sent.bytes, upstream.sent.length);
    this.#routeHeld();
    return true;
  }

  /** The target takes bytes again. */
  drained(): void {
    if (this.#collection.active) this.#collection.goOn();
    else if (!this.body.done) this.host.resume();
  }

  /**
   * Ends what is under way for a request that is answered without a target, or not at all. What was read behind it is
   * put by.
   *
   * @returns the bytes that `plane.head` is then the head of; null when they are gone
   */
  giveUp(): Uint8Array | null {
    const { plane } = this.host;
    const fresh = !this.#collection.active && (this.#parsed !== null || this.held.isHeld);
    const source = this.#parsed ?? this.held.parse(plane) ?? parseSent(plane, this.upstream?.sent ?? null);
    const length = this.#parsed === null ? this.held.length : this.#parsedEnd - plane.head.start;
    this.letGo();
    if (source !== null && fresh) settleRequest(this.host, this.body, source, length);
    return source?.bytes ?? null;
  }

  /** Ends all that is under way. */
  letGo(): void {
    if (this.#waiting) this.host.plane.gate.forget(this);
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    this.upstream?.abandon();
    this.dropStored();
    this.#waiting = false;
    this.#pauseTimer = null;
    this.upstream = null;
    this.held.drop();
    this.#deadline.clear();
    this.#owner.claim.release();
  }

  /** What was stored is of no use any more. If it is whole, the client's part is over, whatever the target has got. */
  dropStored(): void {
    if (this.#collection.whole) this.body.done = true;
    this.#collection.drop();
  }

  retry(): void {
    this.#waiting = false;
    this.#routeHeld();
  }

  overdue(outcome: Outcome): void {
    this.#waiting = false;
    if (outcome === Outcome.full) this.#owner.fail(503, "gateway", "queue-timeout");
    else this.#refuse(outcome);
  }

  get host(): ClientHost {
    return this.#owner.host;
  }

  refuseBody(status: number, reason: string): void {
    this.#owner.fail(status, status < 500 ? "client" : "gateway", reason);
  }

  bodyIsWhole(): void {
    this.#routeHeld();
  }

  bodyIsSent(): void {
    this.body.done = true;
    this.#sentAt = this.host.plane.now;
  }

  #routeHeld(): void {
    this.#pauseTimer = null;
    const block = this.held.parse(this.host.plane);
    if (block === null) return;
    const { length } = this.held;
    this.held.drop();
    this.#routeParsed(block, block.start + length);
  }

  #routeParsed(block: Block, end: number): void {
    const { head } = this.host.plane;
    this.#parsed = block;
    this.#parsedEnd = end;
    // A plain listener is not what an https target means (RFC 9110 section 7.4).
    if (head.form === TargetForm.absolute && head.secure) this.#owner.fail(421, "client", "misdirected");
    else this.#route(block, end);
    this.#parsed = null;
  }

  #route(block: Block, end: number): void {
    const owner = this.#owner;
    const { plane, door, place } = owner.host;
    const { head, gate } = plane;
    const { bytes } = block;
    this.body.begin(head.framing, head.length);
    const bodyEnd = this.body.advance(bytes, head.end, end);
    if (bodyEnd < 0) return this.refuseBody(400, this.body.reason);
    const outcome = gate.claim(door, bytes, block.words, head, place, owner.claim, this.attempts.tried);
    const { destination } = gate;
    if (destination !== null) this.destination = destination;
    if (outcome !== Outcome.claimed) return this.#unclaimed(outcome, bytes, end);
    const target = owner.claim.target;
    if (target === null || destination === null) return;
    this.target = target;
    this.stuck = gate.stuck;
    if (head.length > destination.maxBodyBytes || this.#isTooLarge()) {
      return this.refuseBody(413, "body-too-large");
    }
    if (destination.buffering !== null && !this.body.done && !this.#collection.active) {
      return this.#collect(destination, block, bodyEnd);
    }
    const pool = plane.poolOf(target, destination);
    this.targetName = pool.logName;
    // After a failure the other idle connections may be as dead as the first.
    const upstream = this.attempts.first ? pool.take(this.body.done && isIdempotent(this.method)) : null;
    if (upstream !== null) return this.#send(upstream, block, bodyEnd, end);
    this.#hold(bytes, head.start, end);
    this.#dueIn(Due.connection, destination.connectMs);
    this.#connectFrom = performance.now();
    this.upstream = new UpstreamConnection(pool, owner, (endpoint) =>
      plane.transport.connect(target.address, target.port, endpoint),
    );
  }

  #unclaimed(outcome: Outcome, bytes: Uint8Array, end: number): void {
    const { host, claim } = this.#owner;
    const { gate, head } = host.plane;
    if (!gate.wait(this, outcome, claim, this.attempts.tried)) {
      this.#refuse(outcome);
      return;
    }
    this.#waiting = true;
    this.#hold(bytes, head.start, end);
  }

  #refuse(outcome: Outcome): void {
    const { status, reason } = refusalOf(outcome);
    this.#owner.fail(status, "gateway", reason);
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    this.held.hold(bytes, start, end);
    if (this.held.isFull) this.host.pause();
  }

  /** Lets go of the target until the body is whole. */
  #collect(destination: Destination, block: Block, bodyEnd: number): void {
    const { host, claim } = this.#owner;
    const { head, spool } = host.plane;
    const limits = destination.buffering;
    if (limits === null) return;
    if (head.length > limits.memoryBytes + limits.diskBytes) {
      return this.refuseBody(413, "body-too-large");
    }
    claim.release();
    this.#hold(block.bytes, head.start, head.end);
    if (this.expects) this.sayContinue();
    this.#collection.begin(spool, limits, destination.maxBodyBytes, block, head.end, bodyEnd);
  }

  /** Sends the request, and what of its body there is. */
  #send(upstream: UpstreamConnection, block: Block, bodyEnd: number, end: number): void {
    const { destination, target, host } = this;
    if (destination === null || target === null) return;
    const whole = this.body.done;
    this.upstream = upstream;
    const { start, end: bodyStart } = host.plane.head;
    if (bodyEnd < end) host.putBy(block.bytes, bodyEnd, end);
    const written = sendRequest(this.#owner, this, destination, upstream, block, bodyEnd);
    if (written === Written.refused) {
      // The connection took no byte: it is as if there had been none.
      this.held.hold(block.bytes, start, bodyEnd);
      upstream.abandon();
      return this.unreachable("ECONNRESET");
    }
    if (this.attempts.sent === 0) destination.retryBudget.earn();
    this.attempts.sent += 1;
    this.#sentWhole = whole;
    this.#sentAt = host.plane.now;
    this.#bodyBytes += bodyEnd - bodyStart;
    if (!whole && this.expects) this.#dueIn(Due.continue, continueAfterMs);
    else this.#deadline.clear();
    if (this.#collection.active) return this.#collection.sendTo(upstream.connection);
    if (!whole && written === Written.queued) host.pause();
    else host.resume();
  }

  #dueIn(due: Due, ms: number): void {
    this.#deadline.set(due, this.host.plane.now + ms);
  }

  #isTooLarge(): boolean {
    return this.body.content > (this.destination?.maxBodyBytes ?? Number.POSITIVE_INFINITY);
  }
}

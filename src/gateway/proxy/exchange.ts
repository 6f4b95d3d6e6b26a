import { connectFailed, failed as targetFailed, succeeded } from "../balance/outcome.ts";
import { stickyField } from "../balance/sticky.ts";
import { TriedTargets } from "../balance/tried-targets.ts";
import type { Destination } from "../destination.ts";
import type { FailedPart } from "../edge/error-page.ts";
import { type Framing, MethodCode, type RequestHead, type ResponseHead, TargetForm } from "../http1/head.ts";
import { parseRequestHead } from "../http1/request-head.ts";
import { Outcome, type Waiter } from "../gate.ts";
import { type Cutter, TargetClaim } from "../claims.ts";
import type { TargetState } from "../target-state.ts";
import type { Block } from "../transport/block.ts";
import { Written } from "../transport/transport.ts";
import { BodyTracker } from "./body.ts";
import { ByteStore } from "./byte-store.ts";
import type { ClientHost } from "./client-host.ts";
import { type RequestAdditions, composeRequest } from "./compose-request.ts";
import { continueAnswer } from "./constants.ts";
import { mayUpgrade } from "./head-facts.ts";
import { copyBytes, keptLimit } from "./memory.ts";
import { connectReason } from "./connect-reason.ts";
import { ResponseRelay } from "./response-relay.ts";
import { sendProxyHeader } from "./proxy-header.ts";
import { connectPause, isIdempotent } from "./retry.ts";
import { rewriteInterim } from "./rewrite-response.ts";
import { type BodyOwner, StoredBody } from "./stored-body.ts";
import type { SentRequest } from "./sent-request.ts";
import type { Tunnel } from "./tunnel.ts";
import { type ResponseConsumer, UpstreamConnection } from "./upstream.ts";

/** How long a target that was asked with `Expect: 100-continue` may stay silent (RFC 9110 section 10.1.1). */
const continueAfterMs = 1_000;
/** How long a body may go on arriving after its answer was sent. */
const lingerMs = 2_000;
/** How long an event stream may take to come to a border once it is to end. */
const borderMs = 1_000;

/** What is to be done when `#dueAt` comes. */
const Due = { nothing: 0, connection: 1, continue: 2, linger: 3, border: 4 } as const;
type Due = (typeof Due)[keyof typeof Due];

/**
 * One request and its answer. A client connection has one exchange and uses it for all its requests, one after the
 * other. It holds a claim from before anything is sent to a target until the target has done its part.
 */
export class Exchange implements ResponseConsumer, Cutter, Waiter, BodyOwner {
  active = false;
  method: MethodCode = MethodCode.other;
  minor = 1;
  /** `performance.now()` at the request's head, at the target's connection (0 for one that stood), at the answer's head. */
  startedAt = 0;
  connectedAt = 0;
  headAt = 0;
  destination: Destination | null = null;
  target: TargetState | null = null;
  /** The target in the log. */
  targetName: Uint8Array | null = null;
  retries = 0;
  /** What the access log keeps of the request; negative for nothing. */
  note = -1;
  readonly host: ClientHost;
  readonly claim: TargetClaim;
  readonly body = new BodyTracker();
  readonly relay = new ResponseRelay();
  upstream: UpstreamConnection | null = null;
  /** The request while it is not sent: as it came, or as it was sent before. It waits for a target or a connection. */
  #held: ByteStore | null = null;
  /** What is held was composed already. */
  #composed = false;
  /** The request as it came, where it can't be had from what was sent. */
  #original: Uint8Array | null = null;
  /** Where the bytes stand that `plane.head` was parsed from; null when it may be another request's. */
  #parsed: Block | null = null;
  #parsedEnd = 0;
  /** The body, where it is sent when it is whole; what is held is the head then. */
  #stored: StoredBody | null = null;
  #waiting = false;
  readonly #tried = new TriedTargets();
  #connects = 0;
  #troubleSince = 0;
  #sentTimes = 0;
  /** All of the body went with the head. */
  #sentWhole = false;
  #pauseTimer: NodeJS.Timeout | null = null;
  #clientKeeps = true;
  #upgrade = false;
  /** The client came with the cookie of its target. */
  #stuck = false;
  /** The client waits for 100 before it sends the body. */
  #expects = false;
  #due: Due = Due.nothing;
  /** Coarse times. */
  #dueAt = 0;
  #sentAt = 0;
  /** `performance.now()` when the last connection was begun. */
  #connectFrom = 0;
  /** Bytes of the request's body that were taken from the client. */
  #bodyBytes = 0;
  #tunnel: Tunnel | null = null;

  constructor(host: ClientHost) {
    this.host = host;
    this.claim = new TargetClaim(this);
  }

  /** The answer's head was sent. */
  get answered(): boolean {
    return this.relay.started;
  }

  /** It is the client's turn to send of the body. */
  get wantsBody(): boolean {
    if (this.#stored !== null) return !this.#stored.whole && !this.body.done;
    return !this.body.done && !this.answered && this.#held === null && !this.#expects;
  }

  get bytesSent(): number {
    return this.#tunnel?.down ?? this.relay.bytes;
  }

  get connectMs(): number {
    return this.connectedAt > 0 ? this.connectedAt - this.#connectFrom : -1;
  }

  /** Begins with the request whose head `plane.head` has, and whose bytes stand in the block up to `end`. */
  begin(block: Block, end: number): void {
    const { head } = this.host.plane;
    this.active = true;
    this.method = head.method;
    this.minor = head.minor;
    this.startedAt = performance.now();
    this.headAt = 0;
    this.destination = null;
    this.target = null;
    this.targetName = null;
    this.#tunnel = null;
    this.retries = 0;
    this.relay.reset();
    this.#composed = false;
    this.#tried.clear();
    this.#connects = 0;
    this.#sentTimes = 0;
    this.#bodyBytes = 0;
    this.#original = null;
    this.connectedAt = 0;
    this.#clientKeeps = head.keepAlive;
    this.#upgrade = mayUpgrade(block.bytes, head);
    this.#expects = head.expectsContinue;
    this.#due = Due.nothing;
    this.#routeParsed(block, end);
  }

  /** Bytes of the client while the exchange is under way. */
  received(block: Block, start: number, end: number): void {
    if (this.#stored !== null) return this.#storeBody(this.#stored, block, start, end);
    if (this.#held !== null && !(this.#composed && this.body.done)) {
      this.#held.append(block.bytes, start, end);
      if (this.#held.length >= keptLimit) this.host.pause();
      return;
    }
    if (this.body.done) {
      this.host.putBy(block.bytes, start, end);
      return;
    }
    const bodyEnd = this.body.advance(block.bytes, start, end);
    const lingers = this.#due === Due.linger;
    if (bodyEnd < 0) return lingers ? this.#over(false) : this.fail(400, "client", this.body.reason);
    if (bodyEnd < end) this.host.putBy(block.bytes, bodyEnd, end);
    this.#bodyBytes += bodyEnd - start;
    if (lingers) {
      if (this.body.done) this.#over(this.relay.goesOn);
      return;
    }
    if (this.#isTooLarge()) return this.fail(413, "client", "body-too-large");
    this.#expects = false;
    if (this.#due === Due.continue) this.#due = Due.nothing;
    const written = this.upstream?.connection.write(block, start, bodyEnd);
    if (written === Written.queued && !this.body.done) this.host.pause();
  }

  /** The client takes bytes again. */
  clientDrained(): void {
    this.upstream?.connection.resume();
  }

  /** The client has ended its side. True when the exchange can still be of use to it. */
  clientEnded(): boolean {
    if (this.#stored !== null && this.wantsBody) return false;
    if (this.#held !== null && this.#stored === null)
      this.#measure(this.#parse(this.#held.view()), this.#held.length);
    if (!this.body.done && this.#stored === null) return false;
    return !this.relay.endsWithConnection && this.claim.phase !== "long";
  }

  /** The client is gone: whatever is under way is of no use any more. */
  clientGone(reason: string): void {
    if (!this.active) return;
    const { answered } = this;
    const lingers = this.#due === Due.linger;
    this.#letGo();
    this.active = false;
    if (!lingers) this.host.plane.reporter.left(this, answered, reason);
  }

  /** Answers the request with an error of the gateway's own, or breaks the answer off. */
  fail(status: number, part: FailedPart, reason: string): void {
    const { host, relay } = this;
    const sent = this.upstream?.sent ?? null;
    const held = this.#held;
    const wasStored = this.#stored !== null;
    this.#letGo();
    if (relay.started) {
      host.plane.reporter.broken(this, part, reason);
      this.active = false;
      host.breakOff(relay.endsWithConnection);
      return;
    }
    const fresh = this.#parsed !== null ? this.#parsedEnd : held !== null ? held.length : -1;
    const source = this.#reparse(held, sent);
    if (fresh >= 0 && source !== null && !wasStored) {
      this.#settle(source, this.#parsed === null ? fresh : fresh - host.plane.head.start);
    }
    relay.goesOn = this.#clientKeeps && host.mayGoOn() && status !== 400 && status !== 408 && status !== 413;
    if (this.#expects && !this.body.done) relay.goesOn = false;
    host.plane.reporter.failed(this, source?.bytes ?? null, status, part, reason);
    this.#answered();
  }

  bodyHasRoom(): void {
    this.host.resume();
  }

  bodyStored(): void {
    this.#routeHeld();
  }

  bodySent(): void {
    this.body.done = true;
    this.#sentAt = this.host.plane.now;
  }

  bodyLost(): void {
    this.fail(503, "gateway", "spool-failed");
  }

  retry(): void {
    this.#waiting = false;
    this.#routeHeld();
  }

  overdue(outcome: Outcome): void {
    this.#waiting = false;
    if (outcome === Outcome.full) this.fail(503, "gateway", "queue-timeout");
    else this.#refuse(outcome);
  }

  timeout(): void {
    if (this.active && !this.answered) this.fail(504, "gateway", "drain-deadline");
  }

  close(): void {
    if (this.#tunnel !== null) this.#tunnel.close();
    else if (this.claim.phase !== "long") this.fail(503, "gateway", "drain-deadline");
    else if (this.relay.atEventBorder(this.upstream?.betweenChunks ?? false)) this.#endEarly();
    else {
      this.#dueIn(Due.border, borderMs);
      this.#takeOverChunks();
    }
  }

  /** Asks the client for a sign of life while it waits. */
  probeClient(): Written {
    return this.host.connection.write(continueAnswer.block, continueAnswer.start, continueAnswer.end);
  }

  /** To be called from time to time. @param now coarse time */
  tick(now: number): void {
    const { upstream, destination } = this;
    if (this.#due !== Due.nothing && now >= this.#dueAt) this.#overdue();
    else if (destination !== null && destination.responseMs > 0 && upstream !== null) {
      const waits = !this.answered && this.body.done && !upstream.connecting;
      if (!waits || now - this.#sentAt <= destination.responseMs) return;
      if (this.target !== null) targetFailed(destination, this.target, performance.now());
      this.fail(504, "target", "response-timeout");
    }
  }

  targetConnected(): void {
    const { upstream, destination, target } = this;
    const held = this.#held;
    if (upstream === null || held === null || destination === null || target === null) return;
    const join = this.#parse(held.view());
    const end = join.start + held.length;
    const { head } = this.host.plane;
    this.body.begin(head.framing, head.length);
    const bodyEnd = this.body.advance(join.bytes, head.end, end);
    if (bodyEnd < 0) return this.fail(400, "client", this.body.reason);
    if (this.#isTooLarge()) return this.fail(413, "client", "body-too-large");
    this.connectedAt = performance.now();
    this.#held = null;
    sendProxyHeader(upstream.connection, destination.proxyProtocol, this.host);
    this.#send(upstream, join, bodyEnd, end);
  }

  targetUnreachable(code: string): void {
    const { destination, target } = this;
    this.upstream = null;
    this.#due = Due.nothing;
    this.claim.release();
    if (destination === null || target === null) return;
    const now = performance.now();
    connectFailed(destination, target, now);
    this.#tried.add(target);
    if (this.#connects === 0) this.#troubleSince = now;
    const pause = connectPause(destination.targets, this.#tried, this.#connects, now - this.#troubleSince);
    this.#connects += 1;
    this.retries += 1;
    if (pause < 0) this.fail(code === "ETIMEDOUT" ? 504 : 502, "target", connectReason(code));
    else if (pause === 0) this.#routeHeld();
    else this.#pauseTimer = setTimeout(() => this.#routeHeld(), pause);
  }

  interim(block: Block, head: ResponseHead): void {
    const { connection } = this.host;
    if (this.minor === 0) return;
    let written: Written = Written.done;
    if (head.statusCode !== 100)
      written = connection.write(block, rewriteInterim(block.bytes, head), head.end);
    else if (this.#expects) {
      this.#expects = false;
      this.#due = Due.nothing;
      written = connection.write(continueAnswer.block, continueAnswer.start, continueAnswer.end);
    }
    if (written === Written.refused) this.host.breakOff(false);
  }

  switched(block: Block, head: ResponseHead, end: number): void {
    const { upstream, host } = this;
    if (upstream === null) return;
    if (!this.#upgrade) {
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
    this.upstream = null;
  }

  responseHead(block: Block, head: ResponseHead, framing: Framing, bodyEnd: number, whole: boolean): void {
    const { host, relay, target } = this;
    this.headAt = performance.now();
    this.#due = Due.nothing;
    if (target !== null) succeeded(target);
    if (whole && !this.body.done) this.upstream?.spoil();
    const goOn = this.#clientKeeps && host.mayGoOn() && !(this.#expects && !this.body.done);
    if (!whole) this.claim.enter(relay.watch(block.bytes, head) ? "long" : "streaming");
    const written = relay.head(
      host.connection,
      block,
      head,
      framing,
      bodyEnd,
      this.minor,
      goOn,
      this.#cookie(),
    );
    host.plane.reporter.answered(this);
    this.#passed(written, whole);
  }

  responseBody(block: Block, start: number, end: number, whole: boolean): void {
    const { relay, host } = this;
    if (whole && !this.body.done) this.upstream?.spoil();
    if (this.#due !== Due.border) {
      this.#passed(relay.body(host.connection, block, start, end), whole);
      return;
    }
    const border = relay.eventEnd(block, start, end);
    relay.body(host.connection, block, start, border < 0 ? end : border);
    if (border >= 0) this.#endEarly();
    else this.#takeOverChunks();
  }

  responseEnded(): void {
    this.upstream = null;
    this.claim.release();
    this.relay.finish(this.host.connection);
    this.host.plane.reporter.done(this);
    this.#answered();
  }

  responseBroken(reason: string): void {
    const { upstream, destination, target } = this;
    this.upstream = null;
    this.claim.release();
    if (upstream === null || destination === null || target === null) return;
    if (!this.answered) {
      const now = performance.now();
      targetFailed(destination, target, now);
      const untouched = this.#stored !== null || (this.body.done ? this.#sentWhole : this.#bodyBytes === 0);
      const again = upstream.sent.whole && untouched && this.#sentTimes <= destination.retries;
      if (again && destination.retryBudget.spend(now)) {
        this.#tried.add(target);
        this.retries += 1;
        this.#resend(upstream);
        return;
      }
    }
    this.upstream = upstream;
    this.fail(502, "target", reason);
  }

  targetDrained(): void {
    if (this.#stored !== null) this.#stored.goOn();
    else if (!this.body.done) this.host.resume();
  }

  #route(block: Block, end: number): void {
    const { plane, door, place } = this.host;
    const { head, gate } = plane;
    const { bytes } = block;
    this.body.begin(head.framing, head.length);
    const bodyEnd = this.body.advance(bytes, head.end, end);
    if (bodyEnd < 0) return this.fail(400, "client", this.body.reason);
    const outcome = gate.claim(door, bytes, block.words, head, place, this.claim, this.#tried);
    const { destination } = gate;
    if (destination !== null) this.destination = destination;
    if (outcome !== Outcome.claimed) return this.#unclaimed(outcome, bytes, end);
    const target = this.claim.target;
    if (target === null || destination === null) return;
    this.target = target;
    this.#stuck = gate.stuck;
    if (Math.max(head.length, this.body.content) > destination.maxBodyBytes) {
      return this.fail(413, "client", "body-too-large");
    }
    if (destination.buffering !== null && !this.body.done && this.#stored === null) {
      return this.#collect(destination, block, bodyEnd);
    }
    const pool = plane.poolOf(target, destination);
    this.targetName = pool.logName;
    // After a failure the other idle connections may be as dead as the first.
    const pooled = this.#sentTimes === 0 && this.#connects === 0;
    const upstream = pooled ? pool.take(this.body.done && isIdempotent(this.method)) : null;
    if (upstream !== null) return this.#send(upstream, block, bodyEnd, end);
    this.#hold(bytes, head.start, end);
    this.#dueIn(Due.connection, destination.connectMs);
    this.#connectFrom = performance.now();
    this.upstream = new UpstreamConnection(pool, this, (endpoint) =>
      plane.transport.connect(target.address, target.port, endpoint),
    );
  }

  /** Lets go of the target until the body is whole. */
  #collect(destination: Destination, block: Block, bodyEnd: number): void {
    const { plane } = this.host;
    const { head } = plane;
    const limits = destination.buffering;
    if (limits === null) return;
    if (head.length > limits.memoryBytes + limits.diskBytes) {
      return this.fail(413, "client", "body-too-large");
    }
    this.claim.release();
    this.#hold(block.bytes, head.start, head.end);
    this.#stored = new StoredBody(plane.spool, limits, this);
    if (this.#expects) this.probeClient();
    this.#expects = false;
    this.#keepBody(this.#stored, block.bytes, head.end, bodyEnd);
  }

  #storeBody(stored: StoredBody, block: Block, start: number, end: number): void {
    const bodyEnd = this.body.done || stored.whole ? start : this.body.advance(block.bytes, start, end);
    if (bodyEnd < 0) return this.fail(400, "client", this.body.reason);
    if (bodyEnd < end) this.host.putBy(block.bytes, bodyEnd, end);
    if (bodyEnd > start) this.#keepBody(stored, block.bytes, start, bodyEnd);
  }

  #keepBody(stored: StoredBody, bytes: Uint8Array, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (!stored.append(bytes, start, end) || this.#isTooLarge()) {
      return this.fail(413, "client", "body-too-large");
    }
    if (this.body.done) stored.end();
    else if (stored.full) this.host.pause();
  }

  #unclaimed(outcome: Outcome, bytes: Uint8Array, end: number): void {
    const { gate, head } = this.host.plane;
    if (!gate.wait(this, outcome, this.claim, this.#tried)) {
      this.#refuse(outcome);
      return;
    }
    this.#waiting = true;
    this.#hold(bytes, head.start, end);
  }

  #refuse(outcome: Outcome): void {
    if (outcome === Outcome.noRoute) this.fail(404, "gateway", "no-route");
    else if (outcome === Outcome.full) this.fail(503, "gateway", "queue-full");
    else if (outcome === Outcome.held) this.fail(503, "gateway", "no-table");
    else this.fail(503, "gateway", "no-target");
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    this.#held = new ByteStore();
    this.#held.append(bytes, start, end);
    if (this.#held.length >= keptLimit) this.host.pause();
  }

  /** Puts the bytes of a request where they can be worked on, and parses its head, which was good before. */
  #parse(request: Uint8Array): Block {
    const { memory, head, ownHeadLimits } = this.host.plane;
    const { join } = memory;
    join.bytes.set(request, join.start);
    parseRequestHead(join.bytes, join.words, join.start, join.start + request.length, head, ownHeadLimits);
    return join;
  }

  #routeHeld(): void {
    this.#pauseTimer = null;
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const join = this.#parse(held.view());
    this.#routeParsed(join, join.start + held.length);
  }

  #routeParsed(block: Block, end: number): void {
    const { head } = this.host.plane;
    this.#parsed = block;
    this.#parsedEnd = end;
    // A plain listener is not what an https target means (RFC 9110 section 7.4).
    if (head.form === TargetForm.absolute && head.secure) this.fail(421, "client", "misdirected");
    else this.#route(block, end);
    this.#parsed = null;
  }

  /** Sends the request, and what of its body there is. */
  #send(upstream: UpstreamConnection, block: Block, bodyEnd: number, end: number): void {
    const { plane } = this.host;
    const { head, memory, composed } = plane;
    const { bytes } = block;
    const whole = this.body.done;
    const again = isIdempotent(this.method) && (whole || bodyEnd === head.end);
    const to = memory.compose();
    if (this.#composed) {
      composed.end = copyBytes(to.bytes, to.start, bytes, head.start, bodyEnd);
      composed.headEnd = to.start + head.end - head.start;
    } else {
      const { additions } = plane;
      this.#add(additions, head);
      composeRequest(to, bytes, head, bodyEnd, additions, this.#upgrade, composed);
      this.note = plane.reporter.note(this, bytes, to.bytes, composed);
      if (additions.host !== null && again) this.#original = bytes.slice(head.start, bodyEnd);
    }
    if (bodyEnd < end) this.host.putBy(bytes, bodyEnd, end);
    this.upstream = upstream;
    upstream.begin(this, this.method, this.minor === 0);
    upstream.sent.keep(to, to.start, again ? composed.end : composed.headEnd, again);
    if (this.#sentTimes === 0) this.destination?.retryBudget.earn();
    this.#sentTimes += 1;
    this.#sentWhole = whole;
    this.#sentAt = plane.now;
    this.#bodyBytes += bodyEnd - head.end;
    const written = upstream.connection.write(to, to.start, composed.end);
    if (!whole && this.#expects) this.#dueIn(Due.continue, continueAfterMs);
    else this.#due = Due.nothing;
    if (this.#stored !== null) return this.#stored.send(upstream.connection);
    if (!whole && written === Written.queued) this.host.pause();
    else this.host.resume();
  }

  /** The line that keeps the client on its target, where it is not kept yet. */
  #cookie(): Uint8Array | null {
    const sticky = this.destination?.sticky ?? null;
    return sticky === null || this.#stuck || this.target === null ? null : stickyField(sticky, this.target);
  }

  /** What targets are told beside the client's own words. */
  #add(additions: RequestAdditions, head: RequestHead): void {
    const { host, destination, target } = this;
    const { fields } = host;
    additions.fields = head.minor === 1 ? fields.fields : fields.fields10;
    if (head.authorityStart < 0) additions.localAuthority = host.localAuthority;
    additions.forwardedHost = fields.forwardedHost;
    additions.forwarded = fields.forwarded;
    if (destination === null || target === null) return;
    additions.host = destination.hostIsTarget
      ? host.plane.poolOf(target, destination).authority
      : destination.hostName;
  }

  /** Sends a request again as it was sent, under the table of this moment. */
  #resend(upstream: UpstreamConnection): void {
    const { sent } = upstream;
    this.#held = new ByteStore();
    if (this.#original !== null) this.#held.append(this.#original, 0, this.#original.length);
    else this.#held.append(sent.bytes, 0, sent.length);
    this.#composed = this.#original === null;
    this.#routeHeld();
  }

  /** After a write to the client. */
  #passed(written: Written, whole: boolean): void {
    if (written === Written.refused) this.host.breakOff(false);
    else if (written === Written.queued && !whole) this.upstream?.connection.pause();
  }

  /** So that an event stream can be ended within a chunk. */
  #takeOverChunks(): void {
    if (this.upstream?.betweenChunks !== true) return;
    this.upstream.decode();
    this.relay.takeOverChunks();
  }

  #endEarly(): void {
    const { host, relay, upstream } = this;
    const ended = relay.endEarly(host.connection, upstream?.betweenChunks ?? false);
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
    const { relay } = this;
    this.#dropStored();
    if (this.body.done || !relay.goesOn || this.#expects) {
      this.#over(relay.goesOn && this.body.done);
      return;
    }
    this.#dueIn(Due.linger, lingerMs);
    this.host.resume();
  }

  #over(goOn: boolean): void {
    this.active = false;
    this.#due = Due.nothing;
    this.host.over(goOn);
  }

  /** Ends all that is under way for the request. */
  #letGo(): void {
    if (this.#waiting) this.host.plane.gate.forget(this);
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    this.upstream?.abandon();
    this.#dropStored();
    this.#waiting = false;
    this.#pauseTimer = null;
    this.upstream = null;
    this.#held = null;
    this.#due = Due.nothing;
    this.claim.release();
  }

  /** What was stored is of no use any more. If it is whole, the client's part is over, whatever the target has got. */
  #dropStored(): void {
    if (this.#stored === null) return;
    if (this.#stored.whole) this.body.done = true;
    this.#stored.close();
    this.#stored = null;
  }

  /** The bytes that `plane.head` is then the head of: those being worked on, held, or sent. Null when all are gone. */
  #reparse(held: ByteStore | null, sent: SentRequest | null): Block | null {
    if (this.#parsed !== null) return this.#parsed;
    if (held !== null) return this.#parse(held.view());
    if (sent === null || sent.length === 0 || sent.cut) return null;
    return this.#parse(sent.bytes.subarray(0, sent.length));
  }

  /** Reads what was held as far as it belongs to a request that was answered without being sent. */
  #settle(block: Block, length: number): void {
    const end = this.host.plane.head.start + length;
    const bodyEnd = this.#measure(block, length);
    if (bodyEnd >= 0 && bodyEnd < end) this.host.putBy(block.bytes, bodyEnd, end);
  }

  /** Finds the end of the request in so many bytes from its begin on; -1 for a malformed body. */
  #measure(block: Block, length: number): number {
    const { head } = this.host.plane;
    this.body.begin(head.framing, head.length);
    return this.body.advance(block.bytes, head.end, head.start + length);
  }

  #overdue(): void {
    const due = this.#due;
    this.#due = Due.nothing;
    if (due === Due.connection) {
      this.upstream?.abandon();
      this.targetUnreachable("ETIMEDOUT");
    } else if (due === Due.continue) {
      this.#expects = false;
      this.host.connection.write(continueAnswer.block, continueAnswer.start, continueAnswer.end);
    } else if (due === Due.border) this.#endEarly();
    else if (due === Due.linger) this.#over(false);
  }

  #dueIn(due: Due, ms: number): void {
    this.#due = due;
    this.#dueAt = this.host.plane.now + ms;
  }

  #isTooLarge(): boolean {
    return this.destination !== null && this.body.content > this.destination.maxBodyBytes;
  }
}

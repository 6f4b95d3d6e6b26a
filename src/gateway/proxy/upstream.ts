import { decodeChunks } from "../http1/chunks.ts";
import { Framing, type HeadLimits, MethodCode, type ResponseHead } from "../http1/head.ts";
import { parseResponseHead } from "../http1/response-head.ts";
import type { TargetState } from "../target-state.ts";
import { Block } from "../transport/block.ts";
import type { Connection, Endpoint } from "../transport/transport.ts";
import { BodyTracker } from "./body.ts";
import { ByteStore } from "./byte-store.ts";
import { SentRequest } from "./sent-request.ts";

/** Who waits for a response. Each call but the first comes between `begin` and `responseEnded` or `responseBroken`. */
export interface ResponseConsumer {
  /** The connection stands: the request can be sent. */
  targetConnected(): void;
  /** No connection came about, so nothing was sent. The upstream is closed. */
  targetUnreachable(code: string): void;
  /** An interim response stands in the block, from `head.start` to `head.end`. */
  interim(block: Block, head: ResponseHead): void;
  /** The target switches protocols: its bytes from `head.start` to `end` are the client's, the connection the taker's. */
  switched(block: Block, head: ResponseHead, end: number): void;
  /** The head, and the bytes of the body that came with it, up to `bodyEnd`. `whole`: there are no more. */
  responseHead(block: Block, head: ResponseHead, framing: Framing, bodyEnd: number, whole: boolean): void;
  responseBody(block: Block, start: number, end: number, whole: boolean): void;
  /** After the last byte of the response. The upstream is the consumer's no more. */
  responseEnded(): void;
  /** No response, or not the whole. The upstream is closed. `head`: nothing of the response had come. */
  responseBroken(reason: string): void;
  /** The target takes bytes again. */
  targetDrained(): void;
}

/** Where an upstream goes between two requests. */
export interface UpstreamHome {
  readonly target: TargetState;
  /** The target's address and port, as Host names them. */
  readonly authority: Uint8Array;
  readonly limits: HeadLimits;
  /** The parser's record, shared by all connections: it holds until the next head is parsed. */
  readonly head: ResponseHead;
  /** Takes an upstream that can be used again; false when it is to be closed. */
  keep(upstream: UpstreamConnection): boolean;
  /** An idle upstream is gone; `byPeer` if the target closed it. */
  drop(upstream: UpstreamConnection, byPeer: boolean): void;
}

const State = { connecting: 0, ready: 1, head: 2, body: 3, idle: 4, closed: 5 } as const;
type State = (typeof State)[keyof typeof State];

/** Interim responses to one request; above it, the target is taken to be broken. */
const mostInterim = 64;

/** One connection to a target: sends requests one after the other and finds where their responses end. */
export class UpstreamConnection implements Endpoint {
  readonly home: UpstreamHome;
  readonly connection: Connection;
  /** What was sent last, for the log and to send it again. */
  readonly sent = new SentRequest();
  /** It has answered a request before. */
  reused = false;
  /** Coarse time from which it is idle. */
  since = 0;
  #state: State = State.connecting;
  #consumer: ResponseConsumer | null;
  #method: MethodCode = MethodCode.other;
  #decode = false;
  #keepAlive = false;
  /** It takes no more bytes. */
  #broken = false;
  #interims = 0;
  #passes = 0;
  readonly #body = new BodyTracker();
  #partial: ByteStore | null = null;

  /** @param connect starts the connection with this endpoint */
  constructor(home: UpstreamHome, consumer: ResponseConsumer, connect: (endpoint: Endpoint) => Connection) {
    this.home = home;
    this.#consumer = consumer;
    this.connection = connect(this);
  }

  get connecting(): boolean {
    return this.#state === State.connecting;
  }

  /**
   * A request is about to be written.
   *
   * @param decode the consumer takes no chunks: it gets their content
   */
  begin(consumer: ResponseConsumer, method: MethodCode, decode: boolean): void {
    this.#consumer = consumer;
    this.#method = method;
    this.#decode = decode;
    this.#interims = 0;
    this.#state = State.head;
  }

  /** From here on the consumer gets the content of chunks. Between chunks only. */
  decode(): void {
    this.#decode = true;
  }

  /** The connection is not to be used again after this response. */
  spoil(): void {
    this.#keepAlive = false;
  }

  /** The body of the response stands between two chunks, or has none. */
  get betweenChunks(): boolean {
    return this.#body.betweenChunks;
  }

  /** The consumer has no more use for it: the target learns that by the connection's end. */
  abandon(): void {
    this.#consumer = null;
    this.#close();
  }

  /** Gives the connection away, after `switched`: whoever takes it becomes its endpoint. */
  handOver(): Connection {
    this.#consumer = null;
    this.#state = State.closed;
    return this.connection;
  }

  connected(): void {
    if (this.#state !== State.connecting) return;
    this.#state = State.ready;
    this.#consumer?.targetConnected();
  }

  received(block: Block, start: number, end: number): void {
    if (this.#state === State.head) this.#head(block, start, end);
    else if (this.#state === State.body) this.#bodyBytes(block, start, end);
    else this.#unasked();
  }

  ended(): void {
    if (this.#state === State.body && this.#body.framing === Framing.untilClose) {
      this.#keepAlive = false;
      this.#finished(false);
    } else this.#gone("closed", true);
  }

  failed(code: string): void {
    if (this.#state !== State.connecting) {
      this.#gone(code, true);
      return;
    }
    const consumer = this.#consumer;
    this.#consumer = null;
    this.#close();
    consumer?.targetUnreachable(code);
  }

  drained(): void {
    this.#consumer?.targetDrained();
  }

  /** A write failed: what the target said before can still be read, and its end or failure follows. */
  refused(): void {
    this.#broken = true;
  }

  #head(block: Block, start: number, end: number): void {
    const { head, limits } = this.home;
    let from = block;
    let at = start;
    let to = end;
    if (this.#partial !== null && this.#partial.length > 0) {
      from = this.#joined(block, start, end);
      at = from.start;
      to = at + this.#partial.length;
      this.#partial.clear();
    }
    for (;;) {
      const headEnd = parseResponseHead(from.bytes, from.words, at, to, head, limits);
      if (headEnd === 0) {
        this.#partial ??= new ByteStore();
        this.#partial.append(from.bytes, at, to);
        return;
      }
      if (headEnd < 0) return this.#malformed(head.reason);
      const { statusCode } = head;
      if (statusCode >= 200) break;
      if (statusCode === 101) {
        this.#consumer?.switched(from, head, to);
        return;
      }
      this.#interims += 1;
      if (this.#interims > mostInterim) return this.#malformed("interim-flood");
      this.#consumer?.interim(from, head);
      if (this.#state !== State.head || headEnd === to) return;
      at = headEnd;
      if (from.lent > 0) {
        // The next head grows to where the interim response stands, which is still being sent.
        from = copied(from.bytes.subarray(at, to));
        to = from.start + to - at;
        at = from.start;
      }
    }
    this.#final(from, head, to);
  }

  #final(block: Block, head: ResponseHead, end: number): void {
    const framing = bodyFraming(head, this.#method);
    this.#keepAlive = head.keepAlive && framing !== Framing.untilClose;
    this.#state = State.body;
    const body = this.#body;
    body.begin(framing, head.length);
    let bodyEnd = head.end;
    let extra = false;
    if (framing !== Framing.none) {
      const last = this.#advance(block, head.end, end);
      if (last < 0) return this.#malformed(body.reason);
      extra = last < end;
      bodyEnd = this.#passes;
    } else extra = head.end < end;
    this.#consumer?.responseHead(block, head, framing, bodyEnd, body.done);
    if (body.done && this.#consumer !== null) this.#finished(extra);
  }

  #bodyBytes(block: Block, start: number, end: number): void {
    const body = this.#body;
    const last = this.#advance(block, start, end);
    if (last < 0) return this.#malformed(body.reason);
    this.#consumer?.responseBody(block, start, this.#passes, body.done);
    if (body.done && this.#consumer !== null) this.#finished(last < end);
  }

  /**
   * Moves over bytes of the body; `#passes` is then the end of those that go to the consumer.
   *
   * @returns offset after the last byte of the body, or -1
   */
  #advance(block: Block, start: number, end: number): number {
    const body = this.#body;
    let last: number;
    if (body.framing === Framing.chunked && this.#decode) {
      last = decodeChunks(body.chunks, block.bytes, start, end);
      this.#passes = body.chunks.dataEnd;
      body.done = body.chunks.done;
    } else {
      last = body.advance(block.bytes, start, end);
      this.#passes = last;
    }
    return last;
  }

  /** @param extra the target sent more than its response: what that is nobody knows */
  #finished(extra: boolean): void {
    const consumer = this.#consumer;
    this.#consumer = null;
    this.reused = true;
    this.#state = State.idle;
    if (!this.#keepAlive || this.#broken || extra || this.connection.queued > 0 || !this.home.keep(this))
      this.#close();
    consumer?.responseEnded();
  }

  /** Bytes, though nothing was asked. */
  #unasked(): void {
    if (this.#state === State.idle) this.home.drop(this, true);
    if (this.#state === State.ready) return this.#malformed("unasked");
    this.#close();
  }

  #gone(reason: string, byPeer: boolean): void {
    if (this.#state === State.idle) this.home.drop(this, byPeer);
    const consumer = this.#consumer;
    this.#consumer = null;
    this.#close();
    consumer?.responseBroken(reason);
  }

  #malformed(reason: string): void {
    this.#gone(`malformed: ${reason}`, false);
  }

  #close(): void {
    this.#state = State.closed;
    this.#partial = null;
    this.connection.close();
  }

  /** What came before and the new bytes in one block of their own. */
  #joined(block: Block, start: number, end: number): Block {
    const partial = this.#partial as ByteStore;
    partial.append(block.bytes, start, end);
    return copied(partial.view());
  }
}

/** The bytes in a block of their own. */
function copied(bytes: Uint8Array): Block {
  const block = new Block(bytes.length);
  block.bytes.set(bytes, block.start);
  return block;
}

/** How a response's body is framed (RFC 9112 section 6.3): by the request's method and the status first. */
function bodyFraming(head: ResponseHead, method: MethodCode): Framing {
  if (method === MethodCode.head || head.statusCode === 204 || head.statusCode === 304) return Framing.none;
  if (head.framing === Framing.length && head.length === 0) return Framing.none;
  return head.framing;
}

import { createChunks, decodeChunks, resetChunks, scanChunks } from "../../src/gateway/http1/chunks.ts";
import {
  createRequestHead,
  createResponseHead,
  defaultHeadLimits,
  Framing,
  type MessageHead,
} from "../../src/gateway/http1/head.ts";
import { parseRequestHead } from "../../src/gateway/http1/request-head.ts";
import { parseResponseHead } from "../../src/gateway/http1/response-head.ts";
import { hasNoBody } from "./llhttp.ts";

const begin = 64;
const size = 1 << 17;

/** What the gateway's parser made of a message. */
export interface GatewayReading {
  verdict: "accepted" | "refused" | "incomplete";
  /** Why it is refused. */
  reason: string;
  status: number;
  /** Where the message ends, when it is accepted. */
  end: number;
  minor: number;
  method: string;
  target: string;
  statusCode: number;
  fields: string[];
  upgrade: boolean;
  keepAlive: boolean;
  /** The body lasts until the connection is closed. */
  untilClose: boolean;
  body: string;
}

/** Reads messages with the gateway's parsers. One reader may be used again and again. */
export class GatewayReader {
  readonly #memory = Buffer.alloc(size);
  readonly #bytes = new Uint8Array(this.#memory.buffer, this.#memory.byteOffset, size);
  readonly #words = new DataView(this.#memory.buffer, this.#memory.byteOffset, size);
  readonly #request = createRequestHead();
  readonly #response = createResponseHead();
  readonly #chunks = createChunks();
  readonly #isRequest: boolean;

  constructor(type: "request" | "response") {
    this.#isRequest = type === "request";
  }

  /** The outcome for the first `length` octets alone: the offset, 0 or -1, and the reason of a refusal. */
  readHead(message: string, length: number): [number, string] {
    this.#memory.fill(0x41, begin, begin + message.length + 16);
    this.#memory.write(message.slice(0, length), begin, "latin1");
    const end = begin + length;
    const head: MessageHead = this.#isRequest ? this.#request : this.#response;
    const offset = this.#isRequest
      ? parseRequestHead(this.#bytes, this.#words, begin, end, this.#request, defaultHeadLimits)
      : parseResponseHead(this.#bytes, this.#words, begin, end, this.#response, defaultHeadLimits);
    return [offset > 0 ? offset - begin : offset, offset < 0 ? `${head.status} ${head.reason}` : ""];
  }

  /** Whether a chunked body that comes octet by octet is read as one that comes at once. */
  sameChunksBytewise(body: string): boolean {
    this.#memory.write(body, begin, "latin1");
    const end = begin + body.length;
    resetChunks(this.#chunks);
    const offset = scanChunks(this.#chunks, this.#bytes, begin, end);
    const { done, reason } = this.#chunks;
    resetChunks(this.#chunks);
    let p = begin;
    while (p < end && !this.#chunks.done) {
      const next = scanChunks(this.#chunks, this.#bytes, p, p + 1);
      if (next < 0) return offset < 0 && reason === this.#chunks.reason;
      p = next;
    }
    return p === offset && done === this.#chunks.done;
  }

  read(message: string): GatewayReading {
    this.#memory.write(message, begin, "latin1");
    const end = begin + message.length;
    const head: MessageHead = this.#isRequest ? this.#request : this.#response;
    const offset = this.#isRequest
      ? parseRequestHead(this.#bytes, this.#words, begin, end, this.#request, defaultHeadLimits)
      : parseResponseHead(this.#bytes, this.#words, begin, end, this.#response, defaultHeadLimits);
    const reading: GatewayReading = {
      verdict: offset > 0 ? "accepted" : offset < 0 ? "refused" : "incomplete",
      reason: offset < 0 ? head.reason : "",
      status: offset < 0 ? head.status : 0,
      end: 0,
      minor: head.minor,
      method: "",
      target: "",
      statusCode: 0,
      fields: [],
      upgrade: head.upgrade,
      keepAlive: head.keepAlive,
      untilClose: false,
      body: "",
    };
    if (offset <= 0) return reading;
    if (this.#isRequest) {
      reading.method = this.#text(this.#request.methodStart, this.#request.methodEnd);
      reading.target = this.#text(this.#request.targetStart, this.#request.targetEnd);
    } else {
      reading.statusCode = this.#response.statusCode;
    }
    for (let i = 0; i < head.fieldCount * 4; i += 4) {
      const [line, nameEnd, value, valueEnd] = head.fields.subarray(i, i + 4) as unknown as number[];
      reading.fields.push(this.#text(line ?? 0, nameEnd ?? 0), this.#text(value ?? 0, valueEnd ?? 0));
    }
    this.#readBody(reading, head, offset, end);
    return reading;
  }

  #readBody(reading: GatewayReading, head: MessageHead, start: number, end: number): void {
    const framing = hasNoBody(reading.statusCode) && !this.#isRequest ? Framing.none : head.framing;
    let bodyEnd = start;
    if (framing === Framing.untilClose) {
      reading.untilClose = true;
      reading.body = this.#text(start, end);
      bodyEnd = end;
    } else if (framing === Framing.length) {
      bodyEnd = start + head.length;
      if (bodyEnd > end) reading.verdict = "incomplete";
      else reading.body = this.#text(start, bodyEnd);
    } else if (framing === Framing.chunked) {
      resetChunks(this.#chunks);
      bodyEnd = decodeChunks(this.#chunks, this.#bytes, start, end);
      if (bodyEnd < 0) {
        reading.verdict = "refused";
        reading.reason = this.#chunks.reason;
      } else if (!this.#chunks.done) {
        reading.verdict = "incomplete";
      } else {
        reading.body = this.#text(start, this.#chunks.dataEnd);
      }
    }
    reading.end = bodyEnd - begin;
  }

  #text(start: number, end: number): string {
    return this.#memory.toString("latin1", start, end);
  }
}

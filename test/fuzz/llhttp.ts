import { createRequire } from "node:module";

/** Node's own parser, as far as it is used here; an internal API that has kept this shape since Node 12. */
interface NodeParser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(data: Uint8Array): number | ParserError;
  [event: number]: unknown;
}

interface ParserError extends Error {
  code: string;
  bytesParsed: number;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser } = createRequire(import.meta.url)("_http_common") as { HTTPParser: NodeParserClass };
const maxHeaderSize = 1 << 20;
const strict = 0;

/** A message as llhttp understood it. */
export interface Reading {
  minor: number;
  major: number;
  /** llhttp's number of the method; see `methodNumber`. */
  method: number;
  target: string;
  statusCode: number;
  /** Names and values in turn. */
  fields: string[];
  upgrade: boolean;
  keepAlive: boolean;
  body: string;
  complete: boolean;
}

/** What llhttp made of some bytes. */
export interface Outcome {
  /** Messages whose head is complete; all but the last are complete. */
  messages: Reading[];
  /** Its error code (`HPE_…`); empty when it has none. */
  error: string;
  /** Bytes that it took: up to the error, or to the end of a message that upgrades. */
  taken: number;
}

/** Statuses whose responses have no body (RFC 9112 section 6.3); a client has to tell llhttp so. */
export function hasNoBody(statusCode: number): boolean {
  return statusCode < 200 || statusCode === 204 || statusCode === 304;
}

/** Reads messages with Node's parser in its strict mode. One reader may be used again and again. */
export class LlhttpReader {
  readonly #parser = new HTTPParser();
  readonly #type: number;
  #messages: Reading[] = [];
  #fields: string[] = [];
  #target = "";

  constructor(type: "request" | "response") {
    this.#type = type === "request" ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    this.#parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
      this.#fields.push(...fields);
      this.#target += target;
    };
    this.#parser[HTTPParser.kOnHeadersComplete] = this.#head.bind(this);
    this.#parser[HTTPParser.kOnBody] = (part: Buffer) => {
      const message = this.#messages.at(-1);
      if (message) message.body += part.toString("latin1");
    };
    this.#parser[HTTPParser.kOnMessageComplete] = () => {
      const message = this.#messages.at(-1);
      if (message) message.complete = true;
      this.#fields = [];
      this.#target = "";
    };
  }

  read(bytes: Uint8Array): Outcome {
    this.#messages = [];
    this.#fields = [];
    this.#target = "";
    this.#parser.initialize(this.#type, {}, maxHeaderSize, strict);
    const result = this.#parser.execute(bytes);
    if (typeof result === "number") return { messages: this.#messages, error: "", taken: result };
    return { messages: this.#messages, error: result.code, taken: result.bytesParsed };
  }

  /** Its result tells llhttp whether there is a body to read: 1 for none. */
  #head(
    major: number,
    minor: number,
    fields: string[] | null,
    method: number | null,
    target: string | null,
    statusCode: number | null,
    _phrase: string | null,
    upgrade: boolean,
    keepAlive: boolean,
  ): number {
    this.#messages.push({
      major,
      minor,
      method: method ?? -1,
      target: target ?? this.#target,
      statusCode: statusCode ?? 0,
      fields: fields ?? this.#fields,
      upgrade,
      keepAlive,
      body: "",
      complete: false,
    });
    this.#fields = [];
    this.#target = "";
    return statusCode && hasNoBody(statusCode) ? 1 : 0;
  }
}

const numbers = new Map<string, number>();

/** llhttp's number of a method; -1 for one that it doesn't know. */
export function methodNumber(method: string): number {
  const known = numbers.get(method);
  if (known !== undefined) return known;
  const target = method === "CONNECT" ? "h:1" : "/";
  const { messages } = new LlhttpReader("request").read(Buffer.from(`${method} ${target} HTTP/1.1\r\n\r\n`));
  const number = messages[0]?.method ?? -1;
  numbers.set(method, number);
  return number;
}

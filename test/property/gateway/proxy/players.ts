import { Buffer } from "node:buffer";
import type { MockConnection } from "../../../unit/gateway/proxy/mock-transport.ts";
import {
  type Message,
  type Script,
  answerBytes,
  readMessage,
  requestBytes,
  upgradedBytes,
} from "./messages.ts";

/** A client, which sends its requests one behind the other. */
export class Client {
  readonly connection: MockConnection;
  readonly scripts: readonly Script[];
  /** All that it will ever send, and where each request ends in it. */
  bytes: Buffer;
  readonly ends: number[] = [];
  readonly #index: number;
  #isUpgraded = false;
  sent = 0;
  ended = false;
  failed = false;

  constructor(connection: MockConnection, index: number, scripts: readonly Script[]) {
    this.connection = connection;
    this.#index = index;
    this.scripts = scripts;
    const parts = scripts.map((script, number) => requestBytes(`${index}-${number}`, script));
    this.bytes = Buffer.concat(parts);
    for (const part of parts) this.ends.push((this.ends.at(-1) ?? 0) + part.length);
  }

  send(count: number): void {
    if (this.ended || this.failed || this.connection.closed) return;
    this.#sayMore();
    const piece = this.bytes.subarray(this.sent, this.sent + count);
    this.sent += piece.length;
    if (piece.length > 0) this.connection.send(piece);
  }

  end(): void {
    if (this.ended || this.failed || this.connection.closed) return;
    this.ended = true;
    this.connection.peerEnd();
  }

  /** After an upgrade was agreed to. */
  #sayMore(): void {
    const script = this.scripts.at(-1);
    if (
      this.#isUpgraded ||
      !script ||
      script.upgraded === null ||
      !/HTTP\/1\.1 101 /.test(this.connection.text)
    )
      return;
    this.#isUpgraded = true;
    const id = `${this.#index}-${this.scripts.length - 1}`;
    this.bytes = Buffer.concat([this.bytes, upgradedBytes(id, script, "up")]);
  }
}

/** The other end of an outgoing connection. */
export class Server {
  readonly connection: MockConnection;
  readonly port: number;
  input: Buffer = Buffer.alloc(0);
  /** Requests whose answers were begun. */
  answered = 0;
  answer: Buffer = Buffer.alloc(0);
  closes = false;
  ended = false;
  readonly #scriptOf: (id: string) => Script;
  #read: { length: number; found: Message[] } = { length: 0, found: [] };

  constructor(connection: MockConnection, port: number, scriptOf: (id: string) => Script) {
    this.connection = connection;
    this.port = port;
    this.#scriptOf = scriptOf;
    connection.written = (bytes) => {
      this.input = Buffer.concat([this.input, bytes]);
    };
  }

  /** It was asked, and the gateway has not read all of the answer. */
  get owes(): boolean {
    if (this.connection.closed || this.connection.isDead) return false;
    return this.requests().length > this.answered || this.answer.length > 0 || this.connection.unread > 0;
  }

  requests(): Message[] {
    if (this.#read.length === this.input.length) return this.#read.found;
    this.#read = { length: this.input.length, found: this.#readAll() };
    return this.#read.found;
  }

  #readAll(): Message[] {
    const found: Message[] = [];
    // A PROXY header comes first, where it is wanted.
    const begin = this.input.toString("latin1", 0, 6) === "PROXY " ? this.input.indexOf("\n") + 1 : 0;
    for (let at = begin; at < this.input.length; ) {
      const message = readMessage(this.input, at, () => false, true);
      if (message === null) throw new Error("a request's head was sent in part");
      found.push(message);
      if (!message.whole) break;
      at = message.end;
    }
    return found;
  }

  reply(count: number): void {
    if (this.ended || this.connection.closed) return;
    if (this.answer.length === 0 && !this.closes) this.#begin();
    const piece = this.answer.subarray(0, count);
    this.answer = this.answer.subarray(piece.length);
    if (piece.length > 0) this.connection.send(piece);
    if (this.answer.length === 0 && this.closes) this.end();
  }

  end(): void {
    if (this.ended || this.connection.closed) return;
    this.ended = true;
    this.connection.peerEnd();
  }

  #begin(): void {
    const request = this.requests()[this.answered];
    if (!request) return;
    const id = idOf(request);
    const script = this.#scriptOf(id);
    if (!request.whole && !script.answer.early) return;
    this.answered += 1;
    const { bytes, closes } = answerBytes(id, script);
    this.answer = bytes;
    this.closes = closes;
  }
}

/** The script that a request was made from. */
export function idOf(request: Message): string {
  return (request.first.split(" ")[1] ?? "").slice(1);
}

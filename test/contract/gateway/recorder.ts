import { createHash } from "node:crypto";
import { Block, headroom } from "../../../src/gateway/transport/block.ts";
import type { Connection, Endpoint, Written } from "../../../src/gateway/transport/transport.ts";

/** An endpoint that writes down what it is told, and lets a test wait for it. */
export class Recorder implements Endpoint {
  /** What was called, in order; bytes that arrive one after another are one `received`. */
  readonly events: string[] = [];
  size = 0;
  /** Hooks that a test may set: they are called within the event. */
  onConnected: () => void = () => undefined;
  onReceived: (block: Block, start: number, end: number) => void = () => undefined;
  onEnded: () => void = () => undefined;
  onDrained: () => void = () => undefined;
  onFailed: () => void = () => undefined;
  readonly #hash = createHash("sha1");
  readonly #waiting: { holds: () => boolean; resolve: () => void }[] = [];

  connected(): void {
    this.#tell("connected");
    this.onConnected();
    this.#look();
  }

  received(block: Block, start: number, end: number): void {
    this.size += end - start;
    this.#hash.update(block.bytes.subarray(start, end));
    if (this.events.at(-1) !== "received") this.#tell("received");
    this.onReceived(block, start, end);
    this.#look();
  }

  ended(): void {
    this.#tell("ended");
    this.onEnded();
    this.#look();
  }

  drained(): void {
    this.#tell("drained");
    this.onDrained();
    this.#look();
  }

  refused(): void {
    this.#tell("refused");
    this.#look();
  }

  failed(code: string): void {
    this.#tell(`failed ${code}`);
    this.onFailed();
    this.#look();
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  count(event: string): number {
    return this.events.filter((told) => told === event).length;
  }

  /** Hash of all bytes; can be asked for once. */
  digest(): string {
    return this.#hash.digest("hex");
  }

  /** Resolves as soon as it holds after an event. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  told(event: string): Promise<void> {
    return this.until(() => this.has(event));
  }

  /** The connection is over for reading: by FIN or by an error. */
  over(): Promise<void> {
    return this.until(() => this.has("ended") || this.events.some((event) => event.startsWith("failed")));
  }

  #tell(event: string): void {
    this.events.push(event);
  }

  #look(): void {
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.holds()) waiting.resolve();
      else this.#waiting.push(waiting);
    }
  }
}

/** A block of its own with the bytes. */
export function blockOf(content: Uint8Array | string): Block {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const block = new Block(bytes.length);
  block.bytes.set(bytes, headroom);
  return block;
}

/** Writes all of a block that `blockOf` made. */
export function send(connection: Connection, block: Block): Written {
  return connection.write(block, headroom, headroom + block.readable.length);
}

export function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** Hash of parts one after the other. */
export function hashOf(...parts: (string | Uint8Array)[]): string {
  return sha1(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
}

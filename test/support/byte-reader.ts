import type { Socket } from "node:net";

/** How the other side ended the connection. */
export type Ending = "fin" | "reset";

/** The connection ended before what was waited for had come. */
export class ConnectionEnded extends Error {
  readonly how: Ending;
  /** What came of it, as latin1. */
  readonly received: string;

  constructor(how: Ending, received: string) {
    super(`the connection ended (${how}) after ${JSON.stringify(received.slice(-400))}`);
    this.name = "ConnectionEnded";
    this.how = how;
    this.received = received;
  }
}

/** Bytes that are kept before the sender is slowed down. */
const kept = 1024 * 1024;

/** Reads the bytes of a socket by request. It owns the socket's reading side; one call at a time. */
export class ByteReader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  #held = false;
  #ending: Ending | null = null;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size >= kept) socket.pause();
      this.#wake();
    });
    socket.once("end", () => this.#end("fin"));
    socket.once("error", () => this.#end("reset"));
    socket.once("close", () => this.#end("fin"));
  }

  /** How the connection ended; null while it stands, as far as it was read. */
  get ending(): Ending | null {
    return this.#size > 0 ? null : this.#ending;
  }

  /** Bytes that have come and were not asked for. */
  get pending(): number {
    return this.#size;
  }

  /** Takes no more bytes from the kernel. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  release(): void {
    this.#held = false;
    this.#socket.resume();
  }

  /** Up to `most` bytes as soon as there are any; null at the connection's end. */
  async some(most = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    if (!(await this.#fill(1))) return null;
    const [first = Buffer.alloc(0)] = this.#chunks;
    return this.#take(Math.min(most, first.length));
  }

  /** @throws ConnectionEnded */
  async exactly(length: number): Promise<Buffer> {
    if (!(await this.#fill(length))) throw this.#broken();
    return this.#take(length);
  }

  /** Everything up to the mark's end. @throws ConnectionEnded */
  async until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#whole().indexOf(mark, 0, "latin1");
      if (at >= 0) return this.#take(at + mark.length);
      if (!(await this.#fill(this.#size + 1))) throw this.#broken();
    }
  }

  /** Everything up to the connection's end; see `ending` for how it ended. */
  async rest(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let part = await this.some(); part !== null; part = await this.some()) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Waits until so many bytes are there; false when the connection ended before. */
  async #fill(size: number): Promise<boolean> {
    while (this.#size < size) {
      if (this.#ending !== null) return false;
      if (!this.#held) this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return true;
  }

  #whole(): Buffer {
    const whole = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = this.#size === 0 ? [] : [whole];
    return whole;
  }

  #take(length: number): Buffer {
    const [first] = this.#chunks;
    const from = first !== undefined && first.length >= length ? first : this.#whole();
    const rest = from.subarray(length);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    this.#size -= length;
    return from.subarray(0, length);
  }

  #broken(): ConnectionEnded {
    return new ConnectionEnded(this.#ending ?? "fin", this.#whole().toString("latin1"));
  }

  #end(how: Ending): void {
    this.#ending ??= how;
    this.#wake();
  }
}

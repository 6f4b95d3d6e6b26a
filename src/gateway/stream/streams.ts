import type { Connection, Endpoint } from "../transport/transport.ts";
import { StreamConnection, type StreamPlane } from "./stream.ts";
import type { StreamReport } from "./stream-report.ts";

export interface StreamsOptions extends Omit<StreamPlane, "now" | "ended"> {
  /** Is called with each stream that is over: for statistics and the log. */
  ended(report: StreamReport): void;
}

/** All connections of a worker that are passed on as they are. */
export class Streams {
  readonly #plane: StreamPlane;
  readonly #open = new Set<StreamConnection>();
  #closing = false;
  #emptied: (() => void) | null = null;

  constructor({ ended, ...shared }: StreamsOptions) {
    this.#plane = {
      ...shared,
      now: performance.now(),
      ended: (stream, report) => {
        this.#open.delete(stream);
        ended(report);
        if (this.#open.size === 0) this.#emptied?.();
      },
    };
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * Who uses the connections of a listener: for `Transport.accept`.
   *
   * @param admit whether a connection of this address may come in
   */
  accepted(
    listener: { name: string; protocol: "tcp" | "tls" },
    admit: (address: string) => boolean = () => true,
  ) {
    return (connection: Connection): Endpoint | null => {
      if (this.#closing || !admit(connection.remoteAddress())) return null;
      const stream = new StreamConnection(this.#plane, connection, listener.name, listener.protocol);
      this.#open.add(stream);
      stream.begin();
      return stream;
    };
  }

  /** @param now `performance.now()`; to be called several times a second */
  tick(now: number): void {
    this.#plane.now = now;
    for (const stream of this.#open) stream.tick(now);
  }

  /** Ends what no target has yet; what one has ends by itself or by its claim's cutter. Resolves when all have ended. */
  close(): Promise<void> {
    this.#closing = true;
    for (const stream of [...this.#open]) stream.abort("closing");
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}

import type { Logger } from "pino";
import type { ContainerEvent, ContainerEvents, Engine } from "../deploy/ports.ts";

const reconnectMs = 250;
/** A restarted engine may listen on a new socket file, which only a new mount of it reaches. */
const lostAfterMs = 30_000;

/**
 * One subscription to the engine's container events for all of control. After every (re)connection listeners get null,
 * because events may have been missed.
 */
export class EventHub implements ContainerEvents {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #listeners = new Set<(event: ContainerEvent | null) => void>();
  readonly #stop = new AbortController();
  readonly #onLost: () => void;

  /** @param onLost told when the engine has not answered for half a minute */
  constructor(engine: Engine, log: Logger, onLost: () => void) {
    this.#engine = engine;
    this.#log = log;
    this.#onLost = onLost;
  }

  subscribe(listener: (event: ContainerEvent | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the engine until `close`; resolves when the first subscription stands. */
  start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    void this.#follow(first.resolve);
    return first.promise;
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(onFirst: () => void): Promise<void> {
    const { signal } = this.#stop;
    let lostSince: number | null = null;
    while (!signal.aborted) {
      try {
        for await (const event of this.#engine.events(signal)) {
          lostSince = null;
          if (event === null) onFirst();
          for (const listener of [...this.#listeners]) listener(event);
        }
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ err: error }, "the engine's events broke off");
      }
      lostSince ??= Date.now();
      if (Date.now() - lostSince > lostAfterMs) this.#onLost();
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }
}

import type { Logger } from "pino";
import type { ContainerEvent, ContainerEvents, Engine } from "../deploy/ports.ts";

const reconnectMs = 250;

/**
 * One subscription to the engine's container events for all of control. After every (re)connection listeners get null,
 * because events may have been missed.
 */
export class EventHub implements ContainerEvents {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #listeners = new Set<(event: ContainerEvent | null) => void>();
  readonly #stop = new AbortController();

  constructor(engine: Engine, log: Logger) {
    this.#engine = engine;
    this.#log = log;
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
    while (!signal.aborted) {
      try {
        for await (const event of this.#engine.events(signal)) {
          if (event === null) onFirst();
          for (const listener of [...this.#listeners]) listener(event);
        }
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ err: error }, "the engine's events broke off");
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }
}

import { type DataRate, beginRate, createRate, endRate, excuse, moved, tooSlow } from "../edge/data-rate.ts";
import type { Connection } from "../transport/transport.ts";

/** Milliseconds, and bytes a second. */
export interface PaceSettings {
  readonly sendMs: number;
  readonly minRate: number;
}

/**
 * How fast a client takes its answers and sends its bodies. Progress is what the kernel takes: it asks for more only
 * when a third of its own buffer is free, so that a slow client shows as moving now and then.
 */
export class ClientPace {
  readonly #taking: DataRate = createRate();
  readonly #sending: DataRate = createRate();
  #unsent = 0;
  #taken = 0;
  #received = 0;
  /** Coarse time of the last progress of what is queued; negative while nothing is. */
  #stalledSince = -1;

  /** All that was queued has been taken. */
  emptied(): void {
    this.#stalledSince = -1;
  }

  /**
   * Whether the client takes too little of what is queued for it; to be called a few times a second.
   *
   * @param sent bytes of the answer that were written; negative where only a standstill counts
   */
  takesTooLittle(connection: Connection, sent: number, now: number, settings: PaceSettings): boolean {
    if (connection.queued === 0) {
      this.#stalledSince = -1;
      excuse(this.#taking, now);
      return false;
    }
    const unsent = connection.unsent();
    if (this.#stalledSince < 0 || unsent !== this.#unsent) this.#stalledSince = now;
    this.#unsent = unsent;
    if (now - this.#stalledSince > settings.sendMs) return true;
    if (sent < 0) {
      endRate(this.#taking);
      return false;
    }
    const taken = Math.max(0, sent - unsent);
    if (this.#taking.at < 0 || taken < this.#taken) {
      beginRate(this.#taking, now);
      moved(this.#taking, taken);
    } else moved(this.#taking, taken - this.#taken);
    this.#taken = taken;
    return tooSlow(this.#taking, now, settings.minRate);
  }

  /**
   * Whether the client sends too little of a body; to be called a few times a second while it may send.
   *
   * @param received bytes that have come on the connection
   */
  sendsTooLittle(received: number, now: number, settings: PaceSettings): boolean {
    if (this.#sending.at < 0) beginRate(this.#sending, now);
    moved(this.#sending, received - this.#received);
    this.#received = received;
    return tooSlow(this.#sending, now, settings.minRate);
  }

  /** For now it is not the client that has to send. */
  excuseSending(received: number, now: number): void {
    this.#received = received;
    excuse(this.#sending, now);
  }

  /** The body is over. */
  endSending(received: number): void {
    this.#received = received;
    endRate(this.#sending);
  }
}

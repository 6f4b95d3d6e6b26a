/** Silence after which a peer is probed. */
export const keepAliveSeconds = 30;
const everyMs = 5_000;

/** A connection that has not been told to probe its peer. */
export interface Unprobed {
  next: Unprobed | null;
  previous: Unprobed | null;
  probe(): void;
}

/**
 * Lets connections probe their silent peers once they have lasted for some seconds: those that end sooner are spared
 * the four system calls.
 */
export class Probing {
  #first: Unprobed | null = null;
  #timer: NodeJS.Timeout | null = null;

  add(connection: Unprobed): void {
    connection.next = this.#first;
    if (this.#first !== null) this.#first.previous = connection;
    this.#first = connection;
    this.#timer ??= setInterval(() => this.#probeAll(), everyMs).unref();
  }

  /** To be called when it is closed; further calls do nothing. */
  remove(connection: Unprobed): void {
    const { next, previous } = connection;
    if (previous !== null) previous.next = next;
    else if (this.#first === connection) this.#first = next;
    if (next !== null) next.previous = previous;
    connection.next = null;
    connection.previous = null;
  }

  #probeAll(): void {
    if (this.#first === null && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    for (let connection = this.#first; connection !== null; connection = this.#first) {
      this.remove(connection);
      connection.probe();
    }
  }
}

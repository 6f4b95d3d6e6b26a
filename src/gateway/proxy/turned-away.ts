import { errorAnswer } from "../edge/error-page.ts";
import type { ErrorPages } from "../edge/error-pages.ts";
import type { Connection, Endpoint } from "../transport/transport.ts";
import { type Constant, constant } from "./constants.ts";

/** Connections beyond the limit that are answered at a time; what is beyond that is closed at once. */
const mostAtATime = 64;
/** How long one stays, in milliseconds. */
const stayMs = 1_000;

/** Connections for which there is no room: the first that one says is answered with 503, and then it ends. */
export class TurnedAway {
  readonly #answer: Constant;
  readonly #staying = new Map<Connection, number>();

  constructor(pages: ErrorPages) {
    const answer = errorAnswer(
      {
        status: 503,
        accept: null,
        requestId: "",
        method: "",
        minor: 1,
        close: true,
        part: "gateway",
        reason: "too-many-connections",
      },
      pages,
    );
    this.#answer = constant(answer);
  }

  /** @param now coarse time; null when the connection has to be closed without an answer */
  take(connection: Connection, now: number): Endpoint | null {
    if (this.#staying.size >= mostAtATime) return null;
    this.#staying.set(connection, now);
    const gone = () => this.#close(connection);
    let answered = false;
    return {
      connected() {},
      received: () => {
        if (answered) return;
        answered = true;
        connection.write(this.#answer.block, this.#answer.start, this.#answer.end);
        connection.end();
      },
      // With all read and the answer on its way, nothing is lost.
      ended: gone,
      drained() {},
      refused: gone,
      failed: gone,
    };
  }

  tick(now: number): void {
    for (const [connection, since] of this.#staying) {
      if (now - since <= stayMs) break;
      this.#close(connection);
    }
  }

  close(): void {
    for (const connection of this.#staying.keys()) this.#close(connection);
  }

  #close(connection: Connection): void {
    this.#staying.delete(connection);
    connection.close();
  }
}

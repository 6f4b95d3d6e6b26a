import { setTimeout as delay } from "node:timers/promises";
import type { Colour } from "../../model/app.ts";
import type { BeginRequest } from "../../model/control-api.ts";
import { CutoverError, errorBody, fromErrorBody } from "../../model/error.ts";
import type { DeploymentEvent } from "../../model/events.ts";
import type { Control } from "../control-requests.ts";

export type OutcomeEvent = DeploymentEvent & { type: "outcome" };

/** What control said when the deployment began. */
export interface Begun {
  id: string;
  app: string;
  colour: Colour;
  previous: number | null;
}

/** How long, and how often, a lost stream of a deployment that control owns is asked for again, in milliseconds. */
const reconnect = { forMs: 60_000, everyMs: 250 };

/**
 * A deployment under way, seen from the command. Holds the stream that is the lease: closing it before `started` makes
 * control clean up. Events go to `onEvent` as they come.
 */
export class DeploymentSession implements Disposable {
  readonly begun: Begun;
  /** Resolves with the last event; rejects when control can't be reached any more. */
  readonly outcome: Promise<OutcomeEvent>;
  readonly #control: Control;
  readonly #closed: AbortController;
  readonly #failing = new AbortController();
  #ended = false;
  #handedOver = false;

  private constructor(
    control: Control,
    begun: Begun,
    closed: AbortController,
    outcome: Promise<OutcomeEvent>,
  ) {
    this.#control = control;
    this.begun = begun;
    this.#closed = closed;
    this.outcome = outcome.finally(() => {
      this.#ended = true;
      this.#failing.abort(new CutoverError("ABORTED", "The deployment has ended."));
    });
    this.outcome.catch(() => {});
  }

  /**
   * Takes the app's lock, waiting for it if the request says so, and gives the session once the deployment has begun.
   * @throws BUSY and what else keeps it from beginning; the signal's reason when it aborts before
   */
  static async begin(
    control: Control,
    app: string,
    request: BeginRequest,
    onEvent: (event: DeploymentEvent) => void,
    signal: AbortSignal,
  ): Promise<DeploymentSession> {
    const closed = new AbortController();
    const abandon = () => closed.abort(signal.reason);
    signal.addEventListener("abort", abandon, { once: true });
    const events = control.begin(app, request, closed.signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = await events.next();
        if (next.done) throw new CutoverError("CONTROL_UNREACHABLE", "Control closed the connection.");
        const event = next.value;
        if (event.type === "outcome" && event.error) throw fromErrorBody(event.error);
        onEvent(event);
        if (event.type !== "begun") continue;
        const begun = { id: event.deployment, app, colour: event.colour, previous: event.previous };
        const outcome = Promise.withResolvers<OutcomeEvent>();
        const session = new DeploymentSession(control, begun, closed, outcome.promise);
        const place = new Place();
        place.reached(event);
        session.#follow(events, place, onEvent).then(outcome.resolve, outcome.reject);
        return session;
      }
    } catch (error) {
      closed.abort();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  }

  /** Aborted when control gives the deployment up, when it has ended, or when it is out of sight: work for it stops. */
  get failing(): AbortSignal {
    return this.#failing.signal;
  }

  /** Control owns the deployment from here on; the lease is no longer needed. */
  async started(): Promise<void> {
    this.#handedOver = true;
    await this.#control.started(this.begun.id);
  }

  /** Control does all of it by itself: there is nothing to hand over. */
  takenOver(): void {
    this.#handedOver = true;
  }

  get handedOver(): boolean {
    return this.#handedOver;
  }

  /**
   * Gives the deployment up: for `error`, or because a person wants it. No effect when it has ended by itself.
   * @throws ABORTED when it is too late
   */
  async abort(reason: string, error: unknown = null): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#control.abort(this.begun.id, reason, error === null ? null : errorBody(error));
    } catch (failure) {
      if (!this.#ended) throw failure;
    }
  }

  /** Closes the stream. */
  [Symbol.dispose](): void {
    this.#closed.abort();
  }

  /** Reads to the outcome; takes a lost stream up again where it broke, once control owns the deployment. */
  async #follow(
    first: AsyncIterator<DeploymentEvent>,
    place: Place,
    onEvent: (event: DeploymentEvent) => void,
  ): Promise<OutcomeEvent> {
    let events: AsyncIterator<DeploymentEvent> = first;
    let lostAt: number | null = null;
    for (;;) {
      try {
        for (;;) {
          const next = await events.next();
          if (next.done) break;
          lostAt = null;
          place.reached(next.value);
          onEvent(next.value);
          if (next.value.type === "outcome") {
            await events.return?.();
            return next.value;
          }
          if (next.value.type === "step" && next.value.status === "failed") {
            this.#failing.abort(new CutoverError("ABORTED", `The step ${next.value.step} failed.`));
          }
        }
      } catch (error) {
        if (this.#closed.signal.aborted) throw error;
      }
      lostAt ??= Date.now();
      if (!this.#handedOver) throw this.#lost("and takes back what was begun when it is there again");
      if (Date.now() - lostAt > reconnect.forMs)
        throw this.#lost("but finishes the deployment when it is there again");
      await delay(reconnect.everyMs, undefined, { signal: this.#closed.signal });
      events = after(this.#control.events(this.begun.id, this.#closed.signal), place);
    }
  }

  #lost(then: string): CutoverError {
    return new CutoverError(
      "CONTROL_UNREACHABLE",
      `The connection to control broke during deployment ${this.begun.id}; control does not answer, ${then}.`,
      { hint: "`cutover status` shows how it stands." },
    );
  }
}

/** Where a stream broke: the time of its last event, and what was told at that time. */
class Place {
  #at = 0;
  #told = new Set<string>();

  /** True for an event that comes after this place. The outcome always does: nothing is read after it. */
  passes(event: DeploymentEvent): boolean {
    if (event.type === "outcome" || event.at > this.#at) return true;
    return event.at === this.#at && !this.#told.has(JSON.stringify(event));
  }

  reached(event: DeploymentEvent): void {
    if (event.at > this.#at) this.#told.clear();
    this.#at = Math.max(this.#at, event.at);
    this.#told.add(JSON.stringify(event));
  }
}

/** The stream without the events that were told before it broke. A new control tells those of its journal only. */
async function* after(events: AsyncIterable<DeploymentEvent>, place: Place): AsyncGenerator<DeploymentEvent> {
  for await (const event of events) if (place.passes(event)) yield event;
}

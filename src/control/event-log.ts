import type { DeploymentEvent, DeploymentEventBody } from "../model/events.ts";

/** Kinds that are the journal of a deployment; the rest is for whoever watches. */
const durable = new Set<DeploymentEventBody["type"]>([
  "begun",
  "release",
  "step",
  "hook",
  "switched",
  "warning",
  "outcome",
]);

/** The events of one deployment: told to everyone who follows, and the journal's kept. */
export class EventLog {
  readonly #events: DeploymentEvent[] = [];
  readonly #followers = new Set<(event: DeploymentEvent) => void>();
  readonly #append: (seq: number, event: DeploymentEvent) => void;
  #seq: number;

  /** @param past events of this deployment from before a restart */
  constructor(past: DeploymentEvent[], append: (seq: number, event: DeploymentEvent) => void) {
    this.#events.push(...past);
    this.#seq = past.length;
    this.#append = append;
  }

  emit(body: DeploymentEventBody): void {
    const event: DeploymentEvent = { at: Date.now(), ...body };
    if (durable.has(event.type)) this.#append(this.#seq++, event);
    this.#events.push(event);
    for (const follower of [...this.#followers]) follower(event);
  }

  /** Calls back with all events so far, then with each new one, until the returned function is called. */
  follow(listener: (event: DeploymentEvent) => void): () => void {
    for (const event of this.#events) listener(event);
    return this.followNew(listener);
  }

  /** Calls back with each event from now on, until the returned function is called. */
  followNew(listener: (event: DeploymentEvent) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }
}

import { TriedTargets } from "../balance/tried-targets.ts";
import type { TargetState } from "../target-state.ts";
import { connectPause } from "./retry.ts";

/** What happened so far to a request on its way to a target. Used again for the next one. */
export class Attempts {
  readonly tried = new TriedTargets();
  /** Times that it was sent. */
  sent = 0;
  /** Times that something was tried again. */
  retries = 0;
  #connects = 0;
  #troubleSince = 0;

  /** Nothing has failed yet. */
  get first(): boolean {
    return this.sent === 0 && this.#connects === 0;
  }

  reset(): void {
    this.tried.clear();
    this.sent = 0;
    this.retries = 0;
    this.#connects = 0;
  }

  /**
   * No connection to the target came about. Returns what to do, as `connectPause`.
   *
   * @param targets those that the request may go to
   * @param now `performance.now()`
   */
  unreachable(target: TargetState, targets: readonly TargetState[], now: number): number {
    this.tried.add(target);
    if (this.#connects === 0) this.#troubleSince = now;
    const pause = connectPause(targets, this.tried, this.#connects, now - this.#troubleSince);
    this.#connects += 1;
    this.retries += 1;
    return pause;
  }

  /** The target broke, and the request is to be sent again. */
  again(target: TargetState): void {
    this.tried.add(target);
    this.retries += 1;
  }
}

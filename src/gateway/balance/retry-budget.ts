/** Share of a backend's requests that may be sent again, unless its policy says otherwise. */
export const defaultRetryShare = 0.2;
/** Retries a second that are granted whatever the share, so that a backend with few requests has some. */
const reservePerSecond = 10;
/** Retries that can be saved up: what a worker may have in flight in a target that breaks. */
const most = 1_000;

/**
 * How many requests of one backend this worker may send again after they were sent once. It keeps retries from
 * multiplying the load of a backend that is failing. Connections that did not come about are no retry in this sense:
 * nothing was sent.
 */
export class RetryBudget {
  /** Tokens that each request adds; a retry takes one. */
  share: number;
  #saved = 0;
  #reserve = reservePerSecond;
  #filledAt = Number.NEGATIVE_INFINITY;

  constructor(share = defaultRetryShare) {
    this.share = share;
  }

  /** To be called for every request, not for its retries. */
  earn(): void {
    this.#saved = Math.min(most, this.#saved + this.share);
  }

  /**
   * Takes the right to send one request again; false when there is none.
   *
   * @param now `performance.now()`
   */
  spend(now: number): boolean {
    const grown = ((now - this.#filledAt) / 1_000) * reservePerSecond;
    this.#reserve = Math.min(reservePerSecond, this.#reserve + grown);
    this.#filledAt = now;
    if (this.#reserve >= 1) this.#reserve -= 1;
    else if (this.#saved >= 1) this.#saved -= 1;
    else return false;
    return true;
  }
}

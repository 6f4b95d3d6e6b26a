/** Milliseconds between two looks at what is due. Coarse time (`plane.now`) is up to so much behind. */
export const tickMs = 100;

/** What an exchange has to do at a time to come. */
export const Due = {
  nothing: 0,
  /** The connection to the target has to stand. */
  connection: 1,
  /** A target that was asked with `Expect: 100-continue` is taken to agree. */
  continue: 2,
  /** The client has to have sent the rest of a body that nobody reads any more. */
  linger: 3,
  /** An event stream that is to end has to have come to a border. */
  border: 4,
} as const;
export type Due = (typeof Due)[keyof typeof Due];

/** One thing that is due, looked at from time to time. */
export class Deadline {
  due: Due = Due.nothing;
  #at = 0;

  /** @param at coarse time; it is due later rather than too early */
  set(due: Due, at: number): void {
    this.due = due;
    this.#at = at + tickMs;
  }

  clear(): void {
    this.due = Due.nothing;
  }

  /** What is due by now, once. */
  take(now: number): Due {
    const { due } = this;
    if (due === Due.nothing || now < this.#at) return Due.nothing;
    this.due = Due.nothing;
    return due;
  }
}

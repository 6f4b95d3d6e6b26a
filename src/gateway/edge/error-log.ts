/** Writes one entry; `leftOut` is how many of the same reason were not written since the last one. */
export type ErrorWrite = (reason: string, fields: Record<string, unknown>, leftOut: number) => void;

interface Reason {
  /** Begin of the second that counts, entries written in it, and entries left out since the last that was written. */
  since: number;
  written: number;
  leftOut: number;
}

/** Reasons are tokens of the source, so that there are few; should there be more, they share one. */
const mostReasons = 256;
const shared = "other";

/**
 * Entries of the structured log about failures, so few that a flood of them can't fill it: of each reason at most so
 * many a second. How many were left out stands in the next entry of the reason, or in one of its own.
 */
export class ErrorLog {
  readonly #write: ErrorWrite;
  readonly #perSecond: number;
  readonly #reasons = new Map<string, Reason>();
  #leftOut = 0;

  constructor(write: ErrorWrite, perSecond = 5) {
    this.#write = write;
    this.#perSecond = perSecond;
  }

  /**
   * @param reason a token: `connect-refused`
   * @param now coarse time in milliseconds
   */
  report(reason: string, fields: Record<string, unknown>, now: number): void {
    const [name, known] = this.#reasonOf(reason, now);
    if (now - known.since >= 1_000) {
      known.since = now;
      known.written = 0;
    }
    if (known.written >= this.#perSecond) {
      known.leftOut += 1;
      this.#leftOut += 1;
      return;
    }
    known.written += 1;
    this.#say(name, name === reason ? fields : { ...fields, reason }, known);
  }

  /** Says what was left out of reasons that have become quiet; to be called about once a second. */
  tick(now: number): void {
    if (this.#leftOut === 0) return;
    for (const [name, known] of this.#reasons) {
      if (known.leftOut === 0 || now - known.since < 1_000) continue;
      known.since = now;
      known.written = 1;
      this.#say(name, {}, known);
    }
  }

  #reasonOf(reason: string, now: number): [string, Reason] {
    const full = this.#reasons.size >= mostReasons && !this.#reasons.has(reason);
    const name = full ? shared : reason;
    let known = this.#reasons.get(name);
    if (known === undefined) {
      known = { since: now, written: 0, leftOut: 0 };
      this.#reasons.set(name, known);
    }
    return [name, known];
  }

  #say(name: string, fields: Record<string, unknown>, known: Reason): void {
    const { leftOut } = known;
    known.leftOut = 0;
    this.#leftOut -= leftOut;
    this.#write(name, fields, leftOut);
  }
}

/**
 * The requests in flight that a target allows (`maxInFlight`) are divided into shares. A worker claims a target only
 * for a share that it holds, so whatever order messages arrive in, the limit is kept. The primary knows of every share
 * who may hold it: a share that is on its way counts for the worker that it goes to or comes from.
 */

/** What the primary says to a worker about one target. */
export interface LeaseOrder {
  /** Target id. */
  target: string;
  /** Shares that it gets. */
  grant: number;
  /** Shares that it must give back, beside those it owes already: idle ones at once, others with their release. */
  owe: number;
  /** Shares that others could use: idle ones are given back as long as this is above 0, and counted off. */
  asked: number;
}

/** What a worker says to the primary about one target. */
export interface LeaseReport {
  /** Target id. */
  target: string;
  /** Shares that it gives back. */
  returned: number;
  /** Requests that wait for a share now. */
  waiting: number;
}

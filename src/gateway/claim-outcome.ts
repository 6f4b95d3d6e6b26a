/** What came of asking for a target. */
export const Outcome = {
  claimed: 0,
  /** A switch is under way, or there is no table yet. */
  held: 1,
  /** The backend has just lost its last target. */
  bereft: 2,
  /** All targets are at their limits. */
  full: 3,
  noRoute: 4,
  noTarget: 5,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

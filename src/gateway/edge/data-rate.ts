/**
 * Whether a peer moves a body fast enough. It begins with an allowance of `graceMs` at the least rate, and what is
 * faster adds to it, up to `savedMs`: pauses are fine in a transfer that is fast on the whole, but many bytes at
 * first buy no hours of one byte a second.
 */
export interface DataRate {
  /** Bytes since the last look. */
  bytes: number;
  /** Milliseconds at the least rate that are left. */
  allowance: number;
  /** Coarse time of the last look; negative while nothing is measured. */
  at: number;
}

const graceMs = 5_000;
const savedMs = 60_000;

export function createRate(): DataRate {
  return { bytes: 0, allowance: graceMs, at: -1 };
}

/** A transfer begins at `now` (milliseconds of a clock that never goes back, as all others here). */
export function beginRate(rate: DataRate, now: number): void {
  rate.bytes = 0;
  rate.allowance = graceMs;
  rate.at = now;
}

export function endRate(rate: DataRate): void {
  rate.at = -1;
}

/** Bytes passed. */
export function moved(rate: DataRate, bytes: number): void {
  rate.bytes += bytes;
}

/** The time up to now does not count: it was not the peer that had to move. To be called instead of `tooSlow`. */
export function excuse(rate: DataRate, now: number): void {
  if (rate.at >= 0) rate.at = now;
}

/**
 * To be called a few times a second while the peer has to move.
 *
 * @param minRate bytes a second; 0 for none
 */
export function tooSlow(rate: DataRate, now: number, minRate: number): boolean {
  if (rate.at < 0 || minRate <= 0) return false;
  const earned = (rate.bytes * 1_000) / minRate;
  rate.allowance = Math.min(rate.allowance + earned - (now - rate.at), savedMs);
  rate.bytes = 0;
  rate.at = now;
  return rate.allowance < 0;
}

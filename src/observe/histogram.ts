/**
 * A sparse log-linear histogram of durations: exact to a microsecond below 32 µs, and above that 32 buckets for
 * each doubling, so that a value read back is at most 1/32 (3.2 %) above the one that was counted.
 */
export type Histogram = [index: number, count: number][];

const subBuckets = 32;
const subBits = 5;
const maxMicros = 2 ** 42;

/** Bucket of a duration in milliseconds. Negative and not-a-number count as 0; the largest bucket holds 50 days. */
export function indexOf(ms: number): number {
  const micros = Math.min(maxMicros, Math.max(0, Math.round(ms * 1_000) || 0));
  if (micros < subBuckets) return micros;
  const shift = Math.floor(Math.log2(micros)) - subBits;
  return (shift + 1) * subBuckets + (Math.floor(micros / 2 ** shift) - subBuckets);
}

/** Largest duration in milliseconds that counts into a bucket. */
export function valueAt(index: number): number {
  if (index < subBuckets) return index / 1_000;
  const shift = Math.floor(index / subBuckets) - 1;
  const mantissa = subBuckets + (index % subBuckets);
  return ((mantissa + 1) * 2 ** shift - 1) / 1_000;
}

/**
 * Smallest recorded value in milliseconds that at least the share `q` (0 to 1) of all counts does not exceed; null
 * when nothing was counted. `quantile(h, 1)` is the largest.
 */
export function quantile(histogram: readonly (readonly [number, number])[], q: number): number | null {
  const sorted = histogram.filter(([, count]) => count > 0).sort((a, b) => a[0] - b[0]);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const rank = Math.min(total, Math.max(1, Math.ceil(q * total)));
  let seen = 0;
  for (const [index, count] of sorted) {
    seen += count;
    if (seen >= rank) return valueAt(index);
  }
  return null;
}

/** Sum of histograms, sorted by bucket. */
export function merge(...histograms: readonly (readonly (readonly [number, number])[])[]): Histogram {
  const sums = new Map<number, number>();
  for (const histogram of histograms) {
    for (const [index, count] of histogram) sums.set(index, (sums.get(index) ?? 0) + count);
  }
  return [...sums].sort((a, b) => a[0] - b[0]);
}

/** Slots that weights are rounded to where they are no small whole numbers. */
const fineSlots = 1_000;

export interface Share {
  from: number;
  /** Inclusive. */
  to: number;
}

/**
 * Divides slots, numbered from 0, by weights: slot numbers drawn evenly then hit each as often as its weight says.
 *
 * @param weights each above 0
 * @returns one share for each weight, in their order; null for one too small for a slot of its own
 */
export function divideSlots(weights: readonly number[]): { slots: number; shares: (Share | null)[] } {
  const sum = weights.reduce((before, weight) => before + weight, 0);
  const exact = weights.every(Number.isInteger) && sum <= fineSlots;
  const divisor = exact ? weights.reduce(greatestCommonDivisor, 0) : 1;
  const slots = exact ? sum / divisor : fineSlots;
  let passed = 0;
  let from = 0;
  const shares = weights.map((weight) => {
    passed += weight;
    const end = Math.round((passed / sum) * slots);
    const share = end > from ? { from, to: end - 1 } : null;
    from = Math.max(from, end);
    return share;
  });
  return { slots, shares };
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}

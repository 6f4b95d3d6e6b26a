/** Several measurements of one thing. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  count: number;
}

/** Median (the mean of the middle two of an even number) with the lowest and highest; null for none. */
export function spreadOf(values: readonly number[]): Spread | null {
  const ascending = [...values].sort((a, b) => a - b);
  const [min, max] = [ascending[0], ascending.at(-1)];
  const low = ascending[Math.floor((ascending.length - 1) / 2)];
  const high = ascending[Math.floor(ascending.length / 2)];
  if (min === undefined || max === undefined || low === undefined || high === undefined) return null;
  return { median: (low + high) / 2, min, max, count: ascending.length };
}

/** `spreadOf` of the values that there are. */
export function spreadOfKnown(values: readonly (number | null | undefined)[]): Spread | null {
  return spreadOf(values.flatMap((value) => (value === null || value === undefined ? [] : [value])));
}

/** Several measurements of one thing, by quarters: half of them lie between `low` and `high`. */
export interface Quartiles {
  median: number;
  low: number;
  high: number;
  count: number;
}

/** Median and quartiles, interpolated between the two nearest values; null for none. */
export function quartilesOf(values: readonly number[]): Quartiles | null {
  const ascending = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (ascending.length - 1);
    const below = ascending[Math.floor(place)] ?? Number.NaN;
    const above = ascending[Math.ceil(place)] ?? below;
    return below + (above - below) * (place - Math.floor(place));
  };
  if (ascending.length === 0) return null;
  return { median: at(0.5), low: at(0.25), high: at(0.75), count: ascending.length };
}

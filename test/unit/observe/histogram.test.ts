import fc from "fast-check";
import { expect, test } from "vitest";
import { indexOf, merge, quantile, valueAt } from "../../../src/observe/histogram.ts";

test("a value comes back at most a thirty-second larger, and never smaller", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4_000_000, noNaN: true }), (ms) => {
      const back = valueAt(indexOf(ms));
      const micros = Math.round(ms * 1_000) / 1_000;
      expect(back).toBeGreaterThanOrEqual(micros - 1e-9);
      expect(back).toBeLessThanOrEqual(micros * (1 + 1 / 32) + 1e-9);
    }),
  );
});

test("buckets are in the order of their values", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (a, b) => {
        if (a <= b) expect(indexOf(a)).toBeLessThanOrEqual(indexOf(b));
      },
    ),
  );
});

test("what is no duration counts as zero, and nothing is too large", () => {
  expect([indexOf(-1), indexOf(Number.NaN)]).toEqual([0, 0]);
  expect(indexOf(Number.POSITIVE_INFINITY)).toBe(indexOf(1e12));
});

test("quantiles agree with those of the values themselves", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0, 0.5, 0.9, 0.99, 0.999, 1),
      (values, q) => {
        const histogram = merge(...values.map((ms): [number, number][] => [[indexOf(ms), 1]]));
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
        expect(quantile(histogram, q)).toBe(valueAt(indexOf(exact)));
      },
    ),
  );
});

test("an empty histogram has no quantile, and merging adds counts up", () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(merge([[3, 1]], [[1, 2]], [[3, 4]])).toEqual([
    [1, 2],
    [3, 5],
  ]);
});

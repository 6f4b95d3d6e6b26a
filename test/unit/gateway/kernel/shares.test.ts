import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { divideSlots } from "../../../../src/gateway/kernel/shares.ts";

describe("slots for weights", () => {
  test("small whole weights are kept exactly, with as few slots as can be", () => {
    expect(divideSlots([1, 1])).toEqual({
      slots: 2,
      shares: [
        { from: 0, to: 0 },
        { from: 1, to: 1 },
      ],
    });
    expect(divideSlots([10, 30])).toEqual({
      slots: 4,
      shares: [
        { from: 0, to: 0 },
        { from: 1, to: 3 },
      ],
    });
    expect(divideSlots([5])).toEqual({ slots: 1, shares: [{ from: 0, to: 0 }] });
  });

  test("one that is too small for a slot has none", () => {
    expect(divideSlots([0.000_01, 1]).shares).toEqual([null, { from: 0, to: 999 }]);
  });

  test("every slot belongs to one weight, in proportion", () => {
    const weight = fc.oneof(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0.01, max: 1_000, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 20 }), (weights) => {
        const { slots, shares } = divideSlots(weights);
        const sum = weights.reduce((one, other) => one + other, 0);
        let next = 0;
        for (const [index, share] of shares.entries()) {
          const size = share === null ? 0 : share.to - share.from + 1;
          if (share !== null) {
            expect(share.from).toBe(next);
            next = share.to + 1;
          }
          expect(Math.abs(size - ((weights[index] ?? 0) / sum) * slots)).toBeLessThanOrEqual(1);
        }
        expect(next).toBe(slots);
      }),
    );
  });
});

import { expect, test } from "vitest";
import { Comparison, type MessageType } from "../../../fuzz/comparison.ts";
import { type Difference, differences } from "../../../fuzz/differences.ts";
import { Random } from "../../../fuzz/random.ts";

const cases = 50_000;
const seed = 20_261_123;

/** Which entries of the list have explained a difference. */
const used = new Set<Difference>();

test.each<MessageType>(["request", "response"])(
  `of %s, llhttp and the gateway read ${cases} cases alike, or differ for a reason in the list`,
  (type) => {
    const comparison = new Comparison(type);
    const random = new Random(seed);
    const mismatches: string[] = [];
    let accepted = 0;
    for (let index = 0; index < cases; index++) {
      random.begin(seed, index);
      const message = comparison.message(random);
      const verdict = comparison.compare(message, random);
      if (verdict.accepted) accepted += 1;
      if (verdict.mismatch !== "") mismatches.push(`${verdict.mismatch}: ${JSON.stringify(message)}`);
      for (const entry of verdict.explained) used.add(entry);
    }
    expect(mismatches).toEqual([]);
    expect(accepted / cases).toBeGreaterThan(0.3);
  },
);

test("every entry of the list is needed", () => {
  expect(differences.filter((entry) => !used.has(entry)).map(({ of, finds }) => `${of} ${finds}`)).toEqual(
    [],
  );
});

import { expect, test } from "vitest";
import {
  Expressions,
  expressionProblem,
  maxExpressionLength,
} from "../../../../src/gateway/routing/expression.ts";

test("an expression in RE2's syntax compiles, with what it has beside JavaScript's", () => {
  for (const text of ["^a$", "(?i)abc", "(?P<name>x)", "\\pL+", "[[:alpha:]]", "a{1,60}", "\\Aa\\z"]) {
    expect(expressionProblem(text)).toBeNull();
  }
});

test.each([
  ["(", "missing closing"],
  ["a{2,1}", "invalid repeat"],
  ["(?=a)", "invalid"],
  ["(a)\\1", "invalid escape"],
  ["[z-a]", "invalid character class range"],
  ["a{1001}", "invalid repeat"],
  [`${"a{1000}".repeat(20)}`, "repeats too much"],
  ["a".repeat(maxExpressionLength + 1), "is longer than"],
])("%.20s is refused", (text, problem) => {
  expect(expressionProblem(text)).toContain(problem);
});

const length = 50_000;
const texts = {
  "one letter": `${"a".repeat(length)}!`,
  "two letters": "ab".repeat(length / 2),
  // A linear congruential generator: the same letters in every run.
  "letters without a pattern": Array.from({ length }, (_, index) =>
    (Math.imul(index * index + 12_345, 1_103_515_245) >>> 16) % 2 === 0 ? "a" : "b",
  ).join(""),
};

/** Expressions that take a backtracking matcher exponential or high polynomial time. */
const evil = [
  "(a+)+$",
  "(a|aa)+$",
  "(a|a?)+$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(?:a*)*b$",
  "(.*)*x",
  "(.*.*.*.*.*=.*)",
  "(a?){40}a{40}$",
  "(a*)*(b*)*(a*)*(b*)*(a*)*(b*)*$",
  "[a-z]*a[a-z]{14}$",
  "(?:a|b)*a(?:a|b){12}c$",
  ".{100}b.{100}$",
  "[ab]*a[ab]{200}$",
];

test.each(evil)("%s is matched in time linear in the text", (text) => {
  expect(expressionProblem(text)).toBeNull();
  const expression = new Expressions().get(text, false);
  for (const [name, one] of Object.entries(texts)) {
    const start = performance.now();
    expression.test(one);
    expect(performance.now() - start, name).toBeLessThan(2_000);
  }
});

test("an expression that has seen much different text matches as before", () => {
  const expression = new Expressions().get("[a-z]*a[a-z]{14}$", false);
  for (const one of Object.values(texts)) expression.test(one);
  expect(expression.test("a".repeat(100))).toBe(true);
  expect(expression.test(`a${"b".repeat(14)}`)).toBe(true);
  expect(expression.test(`a${"b".repeat(15)}`)).toBe(false);
});

test("the same expression is compiled once for a table", () => {
  const expressions = new Expressions();
  expect(expressions.get("a", false)).toBe(expressions.get("a", false));
  expect(expressions.get("a", true)).not.toBe(expressions.get("a", false));
  expect(expressions.get("a", true).test("A")).toBe(true);
  expect(expressions.get("a", false).test("A")).toBe(false);
});

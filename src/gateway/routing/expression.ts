import { RE2JS } from "re2js";

/** An expression in RE2's syntax. Matching takes time linear in the text, whatever the expression. */
export interface Expression {
  /** Whether it is found anywhere in the text. */
  test(text: string | Uint8Array): boolean;
}

/** Characters of an expression. */
export const maxExpressionLength = 512;

/** Steps of an expression's program: a byte of text takes at most so many. */
export const maxExpressionSize = 250;

/** Bytes that an expression may keep of what it learnt from texts; without them, a text takes no longer than it may. */
const memory = 128 * 1024;

/** What is wrong with an expression, in words; null when nothing is. */
export function expressionProblem(text: string): string | null {
  if (text.length > maxExpressionLength) return `is longer than ${maxExpressionLength} characters`;
  try {
    const size = RE2JS.compile(text).programSize();
    return size > maxExpressionSize ? `repeats too much: ${size} steps, at most ${maxExpressionSize}` : null;
  } catch (error) {
    return `does not compile: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Compiles valid expressions (see `expressionProblem`), each once. */
export class Expressions {
  readonly #compiled = new Map<string, Expression>();

  /** @param ignoreCase letters that differ in case only are the same */
  get(text: string, ignoreCase: boolean): Expression {
    const key = `${ignoreCase ? "i" : "c"}${text}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = RE2JS.compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    const { dfa } = compiled.re2();
    dfa.stateBudget = memory;
    dfa.memBudget = memory;
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

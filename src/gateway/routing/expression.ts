import { RE2JS } from "re2js";

/** An expression in RE2's syntax. Matching takes time linear in the text, whatever the expression. */
export interface Expression {
  /** Whether it is found anywhere in the text. */
  test(text: string | Uint8Array): boolean;
}

/** Characters of an expression, and steps of its program: time for a byte of text is at most so many steps. */
export const maxExpressionLength = 512;
export const maxExpressionSize = 500;

/** What is wrong with an expression, in words; null when nothing is. */
export function expressionProblem(text: string): string | null {
  if (text.length > maxExpressionLength) return `is longer than ${maxExpressionLength} characters`;
  try {
    const { size } = compiled(text, false);
    return size > maxExpressionSize ? "repeats too much: its program is too long" : null;
  } catch (error) {
    return `does not compile: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Compiles a valid expression (see `expressionProblem`).
 *
 * @param ignoreCase letters that differ in case only are the same
 */
export function compileExpression(text: string, ignoreCase: boolean): Expression {
  return compiled(text, ignoreCase).expression;
}

function compiled(text: string, ignoreCase: boolean): { expression: RE2JS; size: number } {
  const expression = RE2JS.compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  return { expression, size: expression.programSize() };
}

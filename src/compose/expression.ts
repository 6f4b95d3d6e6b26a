import { RE2JS } from "re2js";

/** Characters of an expression, and steps of its program: the gateway's own limits. */
const maxLength = 1_024;
const maxSize = 1_000;

/** True for an expression in RE2's syntax that the gateway takes. */
export function isExpression(text: string): boolean {
  if (text.length > maxLength) return false;
  try {
    return RE2JS.compile(text).programSize() <= maxSize;
  } catch {
    return false;
  }
}

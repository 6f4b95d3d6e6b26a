import { isHostPattern } from "../host.ts";
import { parseBlock } from "./address-block.ts";
import { expressionProblem } from "./expression.ts";
import { type Fields, type Say, isRecord, isText, isToken, show } from "./fields.ts";

/** Conditions in one another, conditions of one route, bytes of a value, and expressions in one table. */
export const maxDepth = 8;
export const maxConditions = 64;
export const maxValueLength = 2_048;
export const maxExpressions = 256;

/**
 * Says all that is wrong with a route's condition. Never throws.
 *
 * @param expressions those of the table so far; gets those of the condition
 */
export function checkCondition(value: unknown, place: string, expressions: Set<string>, say: Say): void {
  let left = maxConditions;
  const check = (part: unknown, at: string, depth: number): void => {
    left -= 1;
    if (left === -1) say(`${place} has more than ${maxConditions} conditions`);
    if (left < 0) return;
    const kind = isRecord(part) ? kindOf(part) : null;
    if (depth > maxDepth) say(`${place} has conditions more than ${maxDepth} deep`);
    else if (!isRecord(part)) say(`${at} is no condition`);
    else if (kind === null) say(`${at} is no condition: ${keysOf(part)}`);
    else if (kind === "not") check(part.not, `${at}.not`, depth + 1);
    else if (kind !== "all" && kind !== "any") checkSingle(kind, part, at, expressions, say);
    else {
      const parts = part[kind];
      if (!Array.isArray(parts) || parts.length === 0) say(`${at}.${kind} is no list of conditions`);
      else for (const [index, one] of parts.entries()) check(one, `${at}.${kind}[${index}]`, depth + 1);
    }
  };
  check(value, place, 1);
}

const kinds = {
  all: ["all"],
  any: ["any"],
  not: ["not"],
  host: ["host"],
  hostRegexp: ["hostRegexp"],
  path: ["path"],
  pathPrefix: ["pathPrefix"],
  pathRegexp: ["pathRegexp"],
  method: ["method"],
  header: ["header", "value"],
  headerRegexp: ["header", "regexp"],
  query: ["query", "value"],
  queryRegexp: ["query", "regexp"],
  client: ["client"],
};
type Kind = keyof typeof kinds;

/** What a condition is by its members; one with a member that is not known could mean anything. */
function kindOf(condition: Fields): Kind | null {
  const keys = Object.keys(condition);
  const fits = (Object.keys(kinds) as Kind[]).filter(
    (kind) => kinds[kind].length === keys.length && kinds[kind].every((key) => keys.includes(key)),
  );
  return fits[0] ?? null;
}

function keysOf(condition: Fields): string {
  const keys = Object.keys(condition);
  return keys.length === 0 ? "it is empty" : `it has ${keys.slice(0, 5).map(show).join(", ")}`;
}

function checkSingle(kind: Kind, part: Fields, at: string, expressions: Set<string>, say: Say): void {
  const problem = (key: string, text: string | null) => text !== null && say(`${at}.${key} ${text}`);
  const expression = (key: string) => problem(key, checkExpression(part[key], expressions));
  switch (kind) {
    case "host":
      if (!isHostPattern(part.host)) problem("host", `${show(part.host)} is no host name`);
      return;
    case "path":
    case "pathPrefix":
      if (!isPath(part[kind])) problem(kind, "does not start with a slash, or holds a query");
      return;
    case "method":
      if (!isToken(part.method)) problem("method", `${show(part.method)} is no method`);
      return;
    case "client":
      if (typeof part.client !== "string" || parseBlock(part.client) === null)
        problem("client", `${show(part.client)} is no address or CIDR block`);
      return;
    case "header":
    case "headerRegexp":
      if (!isToken(part.header)) problem("header", `${show(part.header)} is no name of a field`);
      if (kind === "headerRegexp") expression("regexp");
      else if (!isFieldValue(part.value))
        problem("value", `${show(part.value)} is nothing that a field can have`);
      return;
    case "query":
    case "queryRegexp":
      if (typeof part.query !== "string" || part.query.length > maxValueLength)
        problem("query", `${show(part.query)} is no name of a parameter`);
      if (kind === "queryRegexp") expression("regexp");
      else if (part.value !== null && (typeof part.value !== "string" || part.value.length > maxValueLength))
        problem("value", `${show(part.value)} is no value of a parameter`);
      return;
    default:
      expression(kind);
  }
}

function checkExpression(value: unknown, expressions: Set<string>): string | null {
  if (!isText(value)) return "is no expression";
  if (expressions.has(value)) return null;
  if (expressions.size === maxExpressions)
    return `is one expression more than the ${maxExpressions} of a table`;
  expressions.add(value);
  return expressionProblem(value);
}

/** A path that a request may have: no white space, no query. */
export function isPath(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxValueLength && /^\/[^?#\s]*$/.test(value);
}

/** What a field's value can be (RFC 9110 section 5.5), or null. */
function isFieldValue(value: unknown): boolean {
  if (value === null || value === "") return true;
  return (
    typeof value === "string" &&
    value.length <= maxValueLength &&
    /^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(value)
  );
}

import type { Condition } from "../../model/route.ts";
import type { RequestHead } from "../http1/head.ts";
import { type AddressBlock, contains, parseBlock } from "./address-block.ts";
import { type ClientPlace, ipOf } from "./client-place.ts";
import type { Expression, Expressions } from "./expression.ts";
import { hasParameter } from "./query.ts";

const Kind = {
  all: 0,
  any: 1,
  not: 2,
  host: 3,
  hostSuffix: 4,
  hostRegexp: 5,
  path: 6,
  pathPrefix: 7,
  pathRegexp: 8,
  method: 9,
  header: 10,
  query: 11,
  client: 12,
} as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/** A condition made ready to be asked of bytes. Immutable. */
export interface CompiledCondition {
  readonly kind: Kind;
  readonly parts: readonly CompiledCondition[];
  /** Name of a field or parameter, host, path or method. */
  readonly name: Uint8Array;
  /** Value of a field or parameter; null asks for none. */
  readonly value: Uint8Array | null;
  readonly expression: Expression | null;
  readonly block: AddressBlock | null;
}

/** Compiles a valid condition (see `checkCondition`). */
export function compileCondition(condition: Condition, expressions: Expressions): CompiledCondition {
  const compiled = (part: Condition) => compileCondition(part, expressions);
  if ("all" in condition) return { ...plain(Kind.all), parts: condition.all.map(compiled) };
  if ("any" in condition) return { ...plain(Kind.any), parts: condition.any.map(compiled) };
  if ("not" in condition) return { ...plain(Kind.not), parts: [compiled(condition.not)] };
  if ("host" in condition) {
    const isWildcard = condition.host.startsWith("*.");
    return isWildcard ? plain(Kind.hostSuffix, condition.host.slice(1)) : plain(Kind.host, condition.host);
  }
  if ("hostRegexp" in condition) {
    return { ...plain(Kind.hostRegexp), expression: expressions.get(condition.hostRegexp, true) };
  }
  if ("path" in condition) return plain(Kind.path, condition.path);
  if ("pathPrefix" in condition) return plain(Kind.pathPrefix, condition.pathPrefix);
  if ("pathRegexp" in condition) {
    return { ...plain(Kind.pathRegexp), expression: expressions.get(condition.pathRegexp, false) };
  }
  if ("method" in condition) return plain(Kind.method, condition.method);
  if ("client" in condition) return { ...plain(Kind.client), block: parseBlock(condition.client) };
  const isField = "header" in condition;
  const base = isField
    ? plain(Kind.header, condition.header.toLowerCase())
    : plain(Kind.query, condition.query);
  if ("regexp" in condition) return { ...base, expression: expressions.get(condition.regexp, false) };
  if (condition.value === null) return base;
  return { ...base, value: Uint8Array.from(Buffer.from(condition.value, isField ? "latin1" : "utf8")) };
}

function plain(kind: Kind, name = ""): CompiledCondition {
  return {
    kind,
    parts: [],
    name: Uint8Array.from(Buffer.from(name)),
    value: null,
    expression: null,
    block: null,
  };
}

/**
 * Whether the request is what the condition asks for. Values of fields are compared as they were sent, to the letter;
 * expressions see them as latin1, paths and parameters as UTF-8.
 */
export function holds(
  condition: CompiledCondition,
  bytes: Uint8Array,
  head: RequestHead,
  client: ClientPlace,
): boolean {
  const { name } = condition;
  switch (condition.kind) {
    case Kind.all: {
      for (const part of condition.parts) if (!holds(part, bytes, head, client)) return false;
      return true;
    }
    case Kind.any: {
      for (const part of condition.parts) if (holds(part, bytes, head, client)) return true;
      return false;
    }
    case Kind.not: {
      const part = condition.parts[0];
      return part !== undefined && !holds(part, bytes, head, client);
    }
    case Kind.host:
      return (
        head.hostEnd - head.authorityStart === name.length && isLowered(name, bytes, head.authorityStart)
      );
    case Kind.hostSuffix:
      return (
        head.hostEnd - head.authorityStart >= name.length &&
        isLowered(name, bytes, head.hostEnd - name.length)
      );
    case Kind.hostRegexp:
      if (condition.expression === null || head.hostEnd <= head.authorityStart) return false;
      return condition.expression.test(textOf(bytes, head.authorityStart, head.hostEnd, "latin1"));
    case Kind.path:
      return hasPath(head)
        ? head.pathEnd - head.pathStart === name.length && isSame(name, bytes, head.pathStart)
        : isRoot(name);
    case Kind.pathPrefix:
      return hasPath(head)
        ? head.pathEnd - head.pathStart >= name.length && isSame(name, bytes, head.pathStart)
        : isRoot(name);
    case Kind.pathRegexp:
      if (condition.expression === null) return false;
      return condition.expression.test(textOf(bytes, head.pathStart, head.pathEnd, "utf8") || "/");
    case Kind.method:
      return head.methodEnd - head.methodStart === name.length && isSame(name, bytes, head.methodStart);
    case Kind.header:
      return hasField(condition, bytes, head);
    case Kind.query: {
      const { value, expression } = condition;
      return hasParameter(bytes, head.pathEnd + 1, head.queryEnd, name, value, expression);
    }
    default: {
      const ip = ipOf(client);
      return ip !== null && condition.block !== null && contains(condition.block, ip);
    }
  }
}

/** An absolute target without a path asks for `/` (RFC 9112 section 3.2.2). */
function hasPath(head: RequestHead): boolean {
  return head.pathEnd > head.pathStart;
}

function isRoot(path: Uint8Array): boolean {
  return path.length === 1 && path[0] === 0x2f;
}

function hasField(condition: CompiledCondition, bytes: Uint8Array, head: RequestHead): boolean {
  const { name, value, expression } = condition;
  const { fields } = head;
  for (let at = 0; at < head.fieldCount * 4; at += 4) {
    const nameStart = fields[at] as number;
    if ((fields[at + 1] as number) - nameStart !== name.length || !isLowered(name, bytes, nameStart))
      continue;
    const start = fields[at + 2] as number;
    const end = fields[at + 3] as number;
    if (expression !== null) {
      if (expression.test(textOf(bytes, start, end, "latin1"))) return true;
    } else if (value === null || (end - start === value.length && isSame(value, bytes, start))) return true;
  }
  return false;
}

/** The bytes from `from` to `to`, which lie within them. */
function textOf(bytes: Uint8Array, from: number, to: number, encoding: "latin1" | "utf8"): string {
  if (to <= from) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString(encoding);
}

/** Whether the bytes from `from` on are those of `expected`, where `expected` is lower case and they may not be. */
function isLowered(expected: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    const byte = bytes[from + at] as number;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== expected[at]) return false;
  }
  return true;
}

function isSame(expected: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    if (bytes[from + at] !== expected[at]) return false;
  }
  return true;
}

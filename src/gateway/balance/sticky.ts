import type { Backend } from "../../model/route.ts";
import { FieldCode, type MessageHead } from "../http1/head.ts";
import type { TargetState } from "../target-state.ts";
import { isUsable } from "./select.ts";

/** Hexadecimal digits of a cookie's value. */
const digits = 16;
const space = 0x20;
const tab = 0x09;
const semicolon = 0x3b;

/** The cookie of a backend with sticky sessions, made ready for one table. */
export interface Sticky {
  /** The cookie's name and the equals sign. */
  readonly prefix: Uint8Array;
  readonly targets: readonly TargetState[];
  /** By the index of a target: both halves of its value, and the field line that sets it. */
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly lines: readonly Uint8Array[];
}

/**
 * The cookie of a backend, as its policy says; null without one. Its value is a hash of backend and target, so it
 * shows neither an address nor a container, and one of another release names no target of this one.
 */
export function createSticky(backend: Backend, targets: readonly TargetState[]): Sticky | null {
  const policy = backend.policy?.sticky;
  if (policy === undefined) return null;
  const text = new TextEncoder();
  const attributes = [`Path=${policy.path ?? "/"}`, "HttpOnly", "SameSite=Lax"];
  if (policy.secure === true) attributes.push("Secure");
  if (policy.maxAgeSeconds !== undefined) attributes.push(`Max-Age=${policy.maxAgeSeconds}`);
  const hashes = targets.map((target) => hashOf(`${backend.id} ${target.id}`));
  return {
    prefix: text.encode(`${policy.cookie}=`),
    targets,
    high: Int32Array.from(hashes, ([high]) => high),
    low: Int32Array.from(hashes, ([, low]) => low),
    lines: hashes.map(([high, low]) =>
      text.encode(`Set-Cookie: ${policy.cookie}=${hex(high)}${hex(low)}; ${attributes.join("; ")}\r\n`),
    ),
  };
}

/**
 * The target that a request's cookie names (RFC 6265 section 5.4). Null without such a cookie, and when the target is
 * not in the table, ejected, down, or at its limit: the request goes to any then, and its client gets a new cookie.
 * Allocates nothing.
 *
 * @param bytes what the head was parsed from
 * @param now `performance.now()`
 */
export function stickyTarget(
  bytes: Uint8Array,
  head: MessageHead,
  sticky: Sticky,
  now: number,
): TargetState | null {
  const { codes, fields, fieldCount } = head;
  for (let field = 0; field < fieldCount; field += 1) {
    if (codes[field] !== FieldCode.cookie) continue;
    const index = namedIn(bytes, fields[4 * field + 2] as number, fields[4 * field + 3] as number, sticky);
    if (index < 0) continue;
    const target = sticky.targets[index] as TargetState;
    return isUsable(target, now) ? target : null;
  }
  return null;
}

/** The whole field line that sets the target's cookie, with its CRLF; the same bytes each time. */
export function stickyField(sticky: Sticky, target: TargetState): Uint8Array {
  const line = sticky.lines[sticky.targets.indexOf(target)];
  if (line === undefined) throw new RangeError(`${target.id} is no target of this backend`);
  return line;
}

/** Index of the first target that a Cookie field's value names; -1 for none. */
function namedIn(bytes: Uint8Array, start: number, end: number, sticky: Sticky): number {
  const { prefix } = sticky;
  let at = start;
  while (at < end) {
    const first = bytes[at];
    if (first === space || first === tab || first === semicolon) {
      at += 1;
      continue;
    }
    if (first === prefix[0] && hasPrefix(bytes, at, end, prefix)) {
      const index = targetOf(bytes, at + prefix.length, end, sticky);
      if (index >= 0) return index;
    }
    while (at < end && bytes[at] !== semicolon) at += 1;
  }
  return -1;
}

function hasPrefix(bytes: Uint8Array, at: number, end: number, prefix: Uint8Array): boolean {
  if (end - at < prefix.length + digits) return false;
  for (let index = 0; index < prefix.length; index += 1) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

function targetOf(bytes: Uint8Array, at: number, end: number, sticky: Sticky): number {
  const after = at + digits;
  if (after < end && bytes[after] !== semicolon && bytes[after] !== space) return -1;
  let high = 0;
  let low = 0;
  for (let index = 0; index < digits; index += 1) {
    const digit = digitOf(bytes[at + index] as number);
    if (digit < 0) return -1;
    if (index < digits / 2) high = (high << 4) | digit;
    else low = (low << 4) | digit;
  }
  const count = sticky.targets.length;
  for (let index = 0; index < count; index += 1) {
    if (sticky.low[index] === low && sticky.high[index] === high) return index;
  }
  return -1;
}

/** Value of a lower-case hexadecimal digit; -1 for any other byte. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  return -1;
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(digits / 2, "0");
}

/** Sixty-four bits of a text, as two halves: the mixing of MurmurHash3 over two lanes, finished crosswise. */
function hashOf(text: string): [high: number, low: number] {
  let one = 0x9747b28c;
  let other = 0x5bd1e995;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x85ebca6b);
    one ^= one >>> 15;
    other = Math.imul(other ^ unit, 0xc2b2ae35);
    other ^= other >>> 13;
  }
  const high = finish(one ^ Math.imul(other, 0x27d4eb2f));
  return [high, finish(other ^ Math.imul(high, 0x165667b1))];
}

function finish(lane: number): number {
  const once = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

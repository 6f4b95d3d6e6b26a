import { z } from "zod";
import { durationPattern, durationText, parseDuration } from "../model/duration.ts";
import { parseSize, sizePattern, sizeText } from "../model/size.ts";

/**
 * What the schemas of `x-cutover` are made of. Numbers may be written as text, because that is what `${VARIABLE}`
 * becomes. `expected` is the end of the sentence that a wrong value is told with.
 */
export const duration = z
  .string()
  .regex(durationPattern)
  .meta({ expected: 'a duration such as "30s", "1m30s" or "500ms"' });

/** A duration within bounds, in milliseconds. */
export function durationWithin(min: number, max: number) {
  return duration
    .refine((text) => isWithin(parseDuration(text), min, max))
    .meta({ expected: `a duration from "${durationText(min)}" to "${durationText(max)}"` });
}

/** A size within bounds, in bytes; a bare number is bytes. */
export function sizeWithin(min: number, max: number) {
  return z
    .union([
      z.int().min(min).max(max),
      z
        .string()
        .regex(sizePattern)
        .refine((text) => isWithin(parseSize(text), min, max)),
    ])
    .meta({ expected: `a size from "${sizeText(min)}" to "${sizeText(max)}", such as "64k" or "10m"` });
}

export function wholeNumber(min: number, max: number) {
  return z
    .union([
      z.int().min(min).max(max),
      z
        .string()
        .regex(/^\d+$/)
        .refine((text) => isWithin(Number(text), min, max)),
    ])
    .meta({ expected: `a whole number from ${min} to ${max}` });
}

export const truth = z.union([z.boolean(), z.enum(["true", "false"])]).meta({ expected: "true or false" });

export const text = z.string().min(1).meta({ expected: "a text" });

export const hostName = z
  .string()
  .regex(
    /^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/,
  )
  .meta({ expected: 'a host name such as "shop.example.com" or "*.example.com"' });

/** A host name with or without a port, as a Host field has it. */
export const authority = z
  .string()
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*(?::\d{1,5})?$/,
  )
  .meta({ expected: 'a host name such as "shop.example.com"' });

/** A path as requests have it: no query, no white space. */
export const path = z
  .string()
  .regex(/^\/[^?#\s]*$/)
  .max(2_048)
  .meta({ expected: 'a path that begins with "/", without "?", "#" and spaces' });

function isWithin(value: number | null, min: number, max: number): boolean {
  return value !== null && value >= min && value <= max;
}

/** True for `true` and for "true", which is what `${VARIABLE}` becomes. */
export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

/** True for `false` and for "false". */
export function isFalse(value: unknown): boolean {
  return value === false || value === "false";
}

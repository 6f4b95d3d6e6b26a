import { InvalidArgumentError } from "commander";
import { parseDuration as composeDuration } from "../model/duration.ts";

/** The longest a Node timer takes, in milliseconds: 24.8 days. */
export const longestMs = 2 ** 31 - 1;

/** A duration in compose's form, `1h30m`, `90s`, `500ms`, or bare seconds; in milliseconds. */
export function parseDuration(text: string): number {
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : composeDuration(text);
  if (ms === null) throw new InvalidArgumentError(`\`${text}\` is no duration; write 30s, 5m or 1h30m.`);
  return bounded(ms, text);
}

function bounded(ms: number, text: string): number {
  if (ms > longestMs) throw new InvalidArgumentError(`\`${text}\` is too long; 24 days is the most.`);
  return Math.round(ms);
}

/** A TCP port. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new InvalidArgumentError(`\`${text}\` is no port; write a number from 1 to 65535.`);
  return port;
}

/** A release's number, with or without a leading `#` or `r`. */
export function parseRelease(text: string): number {
  const match = /^[#r]?([1-9]\d{0,8})$/.exec(text);
  if (!match)
    throw new InvalidArgumentError(
      `\`${text}\` is no release; write its number, as \`cutover history\` shows it.`,
    );
  return Number(match[1]);
}

/** A number of lines, or `all`. */
export function parseTail(text: string): number | "all" {
  if (text === "all") return "all";
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError(`\`${text}\` is no number of lines; write one, or \`all\`.`);
  return Number(text);
}

/** `web=3`, collected; a later value for the same service wins. */
export function collectScale(
  text: string,
  before: Record<string, number> | undefined,
): Record<string, number> {
  const match = /^([a-zA-Z0-9._-]+)=(\d{1,4})$/.exec(text);
  if (!match?.[1]) throw new InvalidArgumentError(`\`${text}\` is no scale; write SERVICE=NUMBER.`);
  return { ...before, [match[1]]: Number(match[2]) };
}

/** For options that may be given more than once. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

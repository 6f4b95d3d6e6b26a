import { quantile } from "../../tools/load/latency.ts";
import type { RequestRecord } from "../../tools/load/record.ts";

/** One deployment as the load saw it. Times are milliseconds. */
export interface Seen {
  /** Every request of the round. */
  requests: number;
  failed: number;
  /** From the command to the first answer of the new release; null when none came. */
  firstNewMs: number | null;
  /** From the command to the end of the last right answer of the old release, to a short request and to any. */
  lastOldShortMs: number | null;
  lastOldMs: number | null;
  /** The longest time after the command without a right answer to a short request. */
  silenceMs: number;
  /** Requests sent after an answer of the new release had come that the old one still answered. */
  backwards: number;
}

/** Latencies of short requests in milliseconds from when each was due. */
export interface Latencies {
  /** Each whole second before the command, without the load's first. */
  steady: number[][];
  /** The second around the switch. */
  around: number[];
}

const isShort = (record: RequestRecord) => record.kind !== "slow";
const isGood = (record: RequestRecord): record is RequestRecord & { head: number } =>
  record.error === null && record.head !== null;

/** `from`: the command's start, milliseconds since the epoch. Pure. */
export function seen(records: readonly RequestRecord[], from: number, version: string): Seen {
  const good = records.filter(isGood);
  const fresh = good.filter((record) => record.version === version);
  const old = good.filter((record) => record.version !== version);
  const firstNew = least(fresh.map((record) => record.head));
  const since = (micros: number | null) => (micros === null ? null : micros / 1000 - from);
  return {
    requests: records.length,
    failed: records.filter((record) => record.error !== null).length,
    firstNewMs: since(firstNew),
    lastOldShortMs: since(most(old.filter(isShort).map((record) => record.end))),
    lastOldMs: since(most(old.map((record) => record.end))),
    silenceMs: longestGap(good.filter(isShort), from),
    backwards: firstNew === null ? 0 : old.filter((record) => record.start > firstNew).length,
  };
}

function longestGap(good: readonly (RequestRecord & { head: number })[], from: number): number {
  const heads = good.map((record) => record.head / 1000).sort((a, b) => a - b);
  let longest = 0;
  let last = from;
  for (const head of heads) {
    if (head <= from) continue;
    longest = Math.max(longest, head - last);
    last = head;
  }
  return longest;
}

/** Half the width of the time around a switch, and the part of a load in which connections are made; milliseconds. */
const aroundMs = 500;
const warmUpMs = 1_000;

/** `from` and `switchedAt`: the command's start and the switch, milliseconds since the epoch. Pure. */
export function latencies(records: readonly RequestRecord[], from: number, switchedAt: number): Latencies {
  const short = records.filter(isShort).filter(isGood);
  const begun = (least(records.map((record) => record.start)) ?? 0) / 1000 + warmUpMs;
  const within = (a: number, b: number) =>
    short.filter(({ due }) => due / 1000 >= a && due / 1000 < b).map(({ head, due }) => (head - due) / 1000);
  const whole = Math.max(0, Math.floor((from - begun) / 1000));
  return {
    around: within(switchedAt - aroundMs, switchedAt + aroundMs),
    steady: Array.from({ length: whole }, (_, i) => within(from - (i + 1) * 1000, from - i * 1000)),
  };
}

/** The value that 99.9 % do not exceed; null for none. */
export function p999(values: readonly number[]): number | null {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.999,
  );
}

function least(values: readonly number[]): number | null {
  return values.reduce<number | null>((low, value) => (low === null || value < low ? value : low), null);
}

function most(values: readonly number[]): number | null {
  return values.reduce<number | null>((high, value) => (high === null || value > high ? value : high), null);
}

import { latencyOf, type TailLatency } from "./latency.ts";
import { type Regression, regressions } from "./monotony.ts";
import { type Kind, kinds } from "./options.ts";
import type { Closing, RequestRecord } from "./record.ts";

/** An instant the caller named, usually a switch; milliseconds since the epoch. */
export interface Mark {
  name: string;
  at: number;
}

/** What the workers saw. */
export interface Observations {
  startedAt: number;
  endedAt: number;
  records: RequestRecord[];
  closings: Closing[];
  /** Connections made, by kind. */
  opened: Partial<Record<Kind, number>>;
  messages: Messages;
}

export interface Messages {
  /** WebSocket messages sent, answered rightly, and cut off unanswered by the connection's end. */
  websocket: { sent: number; echoed: number; unanswered: number };
  /** Events received, and numbers left out between two that followed each other. */
  sse: { events: number; missed: number };
}

export interface LoadReport {
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  requests: number;
  failures: number;
  /** The first failures, at most `listed`. */
  failed: RequestRecord[];
  byKind: Partial<Record<Kind, TailLatency>>;
  /** In the order of first answers; times in milliseconds since the epoch. */
  byVersion: { version: string; requests: number; firstAt: number; lastAt: number }[];
  marks: MarkReport[];
  regressions: { total: number; listed: Regression[] };
  closings: (Closing & { ageMs: number; sinceMarkMs: number | null })[];
  opened: Partial<Record<Kind, number>>;
  messages: Messages;
}

/** Latency of short requests before, within half a second of, and after a mark, up to the marks beside it. */
export interface MarkReport extends Mark {
  /** Which version answered the requests sent from the mark before to the mark after, in the order of first answers. */
  byVersion: LoadReport["byVersion"];
  before: TailLatency;
  during: TailLatency;
  after: TailLatency;
}

const listed = 50;
/** Half the width of a mark's `during`, microseconds. */
const around = 500_000;
/** The first second of a load is not compared with: connections are being made and code is cold. Microseconds. */
const warmUp = 1_000_000;
const shortKinds: readonly Kind[] = ["keepalive", "close", "post"];

/** Counts, orders and compares; pure. `order`: see `regressions`. */
export function report(
  seen: Observations,
  marks: readonly Mark[],
  order: readonly string[] | null,
): LoadReport {
  const { records } = seen;
  const failed = records.filter((record) => record.error !== null);
  const late = regressions(records, order);
  const sorted = [...marks].sort((a, b) => a.at - b.at);
  return {
    startedAt: seen.startedAt,
    endedAt: seen.endedAt,
    requests: records.length,
    failures: failed.length,
    failed: failed.slice(0, listed),
    byKind: byKind(records),
    byVersion: byVersion(records),
    marks: sorted.map((mark, i) => markReport(seen, mark, sorted[i - 1], sorted[i + 1])),
    regressions: { total: late.length, listed: late.slice(0, listed) },
    closings: seen.closings.map((closing) => withAge(closing, sorted)),
    opened: seen.opened,
    messages: seen.messages,
  };
}

function byKind(records: readonly RequestRecord[]): LoadReport["byKind"] {
  const result: LoadReport["byKind"] = {};
  for (const kind of kinds) {
    const own = records.filter((record) => record.kind === kind);
    if (own.length > 0) result[kind] = latencyOf(own);
  }
  return result;
}

function byVersion(records: readonly RequestRecord[]): LoadReport["byVersion"] {
  const found = new Map<string, LoadReport["byVersion"][number]>();
  for (const { version, head } of records) {
    if (version === null || head === null) continue;
    const at = head / 1000;
    const entry = found.get(version) ?? { version, requests: 0, firstAt: at, lastAt: at };
    entry.requests += 1;
    entry.firstAt = Math.min(entry.firstAt, at);
    entry.lastAt = Math.max(entry.lastAt, at);
    found.set(version, entry);
  }
  return [...found.values()].sort((a, b) => a.firstAt - b.firstAt);
}

function markReport(
  { records, startedAt }: Observations,
  mark: Mark,
  previous: Mark | undefined,
  next: Mark | undefined,
): MarkReport {
  const at = mark.at * 1000;
  const from = previous ? previous.at * 1000 + around : startedAt * 1000 + warmUp;
  const to = next ? next.at * 1000 - around : Number.POSITIVE_INFINITY;
  const short = records.filter((record) => shortKinds.includes(record.kind));
  const within = (a: number, b: number) => latencyOf(short.filter(({ due }) => due >= a && due < b));
  const near = records.filter(({ start }) => start >= from && start < to);
  return {
    ...mark,
    byVersion: byVersion(near),
    before: within(from, at - around),
    during: within(at - around, at + around),
    after: within(at + around, to),
  };
}

function withAge(closing: Closing, marks: readonly Mark[]): LoadReport["closings"][number] {
  const closedMs = closing.closedAt / 1000;
  const last = marks.findLast((mark) => mark.at <= closedMs && mark.at * 1000 >= closing.openedAt);
  return {
    ...closing,
    ageMs: (closing.closedAt - closing.openedAt) / 1000,
    sinceMarkMs: last ? closedMs - last.at : null,
  };
}

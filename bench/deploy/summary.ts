import { type Spread, spreadOfKnown } from "../spread.ts";
import { p999 } from "./measures.ts";
import type { CutoverRound, Round } from "./round.ts";
import { stages } from "./timeline.ts";
import type { WayName } from "./way.ts";

/** One way over all rounds. Spreads are over rounds, times in milliseconds. */
export interface WaySummary {
  way: WayName;
  rounds: number;
  requests: number;
  failed: number;
  failedPerRound: Spread | null;
  backwards: number;
  firstNewMs: Spread | null;
  lastOldShortMs: Spread | null;
  lastOldMs: Spread | null;
  silenceMs: Spread | null;
  commandMs: Spread | null;
  tail: Tail;
}

/** p99.9 of the second around the switch over p99.9 of the steady state before the command. */
export interface Tail {
  steadyMs: Spread | null;
  aroundMs: Spread | null;
  /** The ratio of each round, and of all rounds' requests taken together. */
  ratio: Spread | null;
  ratioOfAll: number | null;
  /** The same ratio of seconds before the command, in which nothing was switched. */
  chance: Spread | null;
}

export interface CutoverSummary {
  switchMs: Spread | null;
  firstGoodToSwitchMs: Spread | null;
  firstGoodToAnswerMs: Spread | null;
  engineMs: Spread | null;
  engine: { create: Spread | null; start: Spread | null; boot: Spread | null };
  overheadMs: Spread | null;
  stages: Record<string, Spread | null>;
}

/** Pure. */
export function summarize(way: WayName, all: readonly Round[]): WaySummary {
  const rounds = all.filter((round) => round.way === way);
  const over = (value: (round: Round) => number | null) => spreadOfKnown(rounds.map(value));
  const sum = (value: (round: Round) => number) => rounds.reduce((total, round) => total + value(round), 0);
  return {
    way,
    rounds: rounds.length,
    requests: sum(({ seen }) => seen.requests),
    failed: sum(({ seen }) => seen.failed),
    failedPerRound: over(({ seen }) => seen.failed),
    backwards: sum(({ seen }) => seen.backwards),
    firstNewMs: over(({ seen }) => seen.firstNewMs),
    lastOldShortMs: over(({ seen }) => seen.lastOldShortMs),
    lastOldMs: over(({ seen }) => seen.lastOldMs),
    silenceMs: over(({ seen }) => seen.silenceMs),
    commandMs: over(({ commandMs }) => commandMs),
    tail: tail(rounds),
  };
}

function tail(rounds: readonly Round[]): Tail {
  const all = rounds.map((round) => round.latencies);
  const ratioOf = (part: readonly number[], whole: readonly number[]) => ratio(p999(part), p999(whole));
  return {
    steadyMs: spreadOfKnown(all.map(({ steady }) => p999(steady))),
    aroundMs: spreadOfKnown(all.map(({ around }) => p999(around))),
    ratio: spreadOfKnown(all.map(({ around, steady }) => ratioOf(around, steady))),
    ratioOfAll: ratioOf(
      all.flatMap(({ around }) => around),
      all.flatMap(({ steady }) => steady),
    ),
    chance: spreadOfKnown(
      all.flatMap(({ seconds, steady }) => seconds.map((second) => ratioOf(second, steady))),
    ),
  };
}

/** Pure. */
export function summarizeCutover(all: readonly Round[]): CutoverSummary {
  const rounds = all.flatMap((round) => (round.cutover ? [round.cutover] : []));
  const over = (value: (round: CutoverRound) => number | null | undefined) =>
    spreadOfKnown(rounds.map(value));
  return {
    switchMs: over((round) => round.switchMs),
    firstGoodToSwitchMs: over((round) => round.firstGoodToSwitchMs),
    firstGoodToAnswerMs: over((round) => round.firstGoodToAnswerMs),
    engineMs: over(({ engine }) => engine.create + engine.start + engine.boot),
    engine: {
      create: over(({ engine }) => engine.create),
      start: over(({ engine }) => engine.start),
      boot: over(({ engine }) => engine.boot),
    },
    overheadMs: over((round) => round.overheadMs),
    stages: Object.fromEntries(stages.map((stage) => [stage, over((round) => round.stages?.[stage])])),
  };
}

/** `a` over `b`; null where one is missing or `b` is 0. */
export function ratio(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || a === undefined || !b ? null : a / b;
}

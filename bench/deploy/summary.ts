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
  idle: Spread | null;
  tail: Tail;
}

/**
 * p99.9 of the second around the switch over that of an ordinary second of the same round: the median of the seconds
 * before the command. Both are of equally many requests, so that neither has the better chance of an outlier.
 */
export interface Tail {
  steadyMs: Spread | null;
  aroundMs: Spread | null;
  ratio: Spread | null;
  /** The same ratio of each second before the command, in which nothing was switched. */
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
    idle: over(({ idle }) => idle),
    tail: tail(rounds),
  };
}

function tail(rounds: readonly Round[]): Tail {
  const all = rounds.map(({ latencies }) => {
    const seconds = latencies.steady.map(p999);
    return { seconds, steady: spreadOfKnown(seconds)?.median ?? null, around: p999(latencies.around) };
  });
  return {
    steadyMs: spreadOfKnown(all.map(({ steady }) => steady)),
    aroundMs: spreadOfKnown(all.map(({ around }) => around)),
    ratio: spreadOfKnown(all.map(({ around, steady }) => ratio(around, steady))),
    chance: spreadOfKnown(all.flatMap(({ seconds, steady }) => seconds.map((one) => ratio(one, steady)))),
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

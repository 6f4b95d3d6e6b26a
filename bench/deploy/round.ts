import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Load, plainMix, startLoad } from "../../tools/load/load.ts";
import type { RequestRecord } from "../../tools/load/record.ts";
import { watchIdle } from "../machine.ts";
import { type Latencies, latencies, type Seen, seen } from "./measures.ts";
import type { Stage } from "./stage.ts";
import { type StageTimes, stageTimes } from "./timeline.ts";
import type { EngineTimes, Way, WayName } from "./way.ts";

/** What one deployment by one way showed. Times are milliseconds. */
export interface Round {
  way: WayName;
  version: string;
  /** From the command's start to its end. */
  commandMs: number;
  /** Share of the processors' time that was idle under the load before the command: what others left. */
  idle: number;
  seen: Seen;
  latencies: Latencies;
  cutover: CutoverRound | null;
}

export interface CutoverRound {
  /** From the command to the switch acknowledged. */
  switchMs: number;
  /** From the first good answer to the switch: by the gateway's probe, and by the bench's prober and the load. */
  firstGoodToSwitchMs: number | null;
  firstGoodToAnswerMs: number | null;
  engine: EngineTimes;
  /** `switchMs` less all that the engine and the app need by themselves. */
  overheadMs: number;
  stages: StageTimes | null;
  gatewayFailures: number;
}

/** How long the load runs before the command and after the new release answers, in milliseconds. */
const steadyMs = 7_000;
const afterMs = 3_000;

/** The load of every round: short requests of three kinds at fixed rates, and slow ones. */
export const mix = plainMix;

/** One deployment under a load of its own. */
export async function playRound(stage: Stage, way: Way, version: string): Promise<Round> {
  const { signal } = stage;
  await using load = await startLoad({ url: way.url, mix });
  const idleSince = watchIdle();
  await steady(load, steadyMs, signal);
  const idle = idleSince();
  const deployed = await way.deploy(version);
  await load.until((progress) => signal.aborted || progress.version === version);
  await steady(load, afterMs, signal);
  const engine = (await way.engineStart?.()) ?? null;
  const recordsFile = join(stage.directory, `${way.name}-${version}.ndjson`);
  await load.stop({ recordsFile });
  const records = await readRecords(recordsFile);
  const { from, to, cutover } = deployed;
  const saw = seen(records, from, version);
  const switchedAt = cutover?.receipt.switchedAt ?? from + (saw.firstNewMs ?? 0);
  const round = { way: way.name, version, commandMs: to - from, idle, seen: saw };
  const latency = latencies(records, from, switchedAt);
  if (!cutover || !engine) return { ...round, latencies: latency, cutover: null };
  const firstAnswerAt = saw.firstNewMs === null ? null : from + saw.firstNewMs;
  return {
    ...round,
    latencies: latency,
    cutover: {
      switchMs: switchedAt - from,
      firstGoodToSwitchMs: cutover.receipt.firstGoodToSwitchMs,
      firstGoodToAnswerMs: firstAnswerAt === null ? null : firstAnswerAt - cutover.firstGoodAt,
      engine,
      overheadMs: switchedAt - from - (engine.create + engine.start + engine.boot),
      stages: stageTimes(from, cutover),
      gatewayFailures: cutover.receipt.failures,
    },
  };
}

/** Lets the load run on for a while with nothing going on. */
async function steady(load: Load, ms: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + ms;
  await load.until(() => signal.aborted || performance.now() >= until, ms + 5_000);
  signal.throwIfAborted();
}

async function readRecords(file: string): Promise<RequestRecord[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as RequestRecord);
}

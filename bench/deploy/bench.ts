import { EngineConnection } from "../../src/engine/connection.ts";
import { resolveEndpoint } from "../../src/engine/endpoint.ts";
import { helpTime } from "../command-time.ts";
import { describeMachine, type Machine } from "../machine.ts";
import type { Spread } from "../spread.ts";
import { composeWay } from "./compose-way.ts";
import { cutoverWay } from "./cutover-way.ts";
import { nginxWay } from "./nginx-way.ts";
import { mix, playRound, type Round } from "./round.ts";
import { buildImages, clearStage, setStage, type Stage } from "./stage.ts";
import { type CutoverSummary, summarize, summarizeCutover, type WaySummary } from "./summary.ts";
import type { Way } from "./way.ts";

export interface DeployReport {
  bench: "deploy";
  /** ISO 8601. */
  at: string;
  machine: Machine;
  mix: typeof mix;
  ways: WaySummary[];
  cutover: CutoverSummary;
  help: Spread | null;
  /** Each round, without the single latencies. */
  rounds: Omit<Round, "latencies">[];
}

export interface BenchOptions {
  rounds: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Deploys the same app in three ways under the same load, in turns. Removes all that it made, also when it fails. */
export async function benchDeploy({ rounds, signal, say }: BenchOptions): Promise<DeployReport> {
  const at = new Date().toISOString();
  const machine = await describeMachine();
  await using connection = await EngineConnection.open(resolveEndpoint({ env: process.env }));
  const stage = await setStage(signal);
  const ways = [composeWay(stage), nginxWay(stage), cutoverWay(stage, connection)];
  try {
    say(`building ${rounds + 1} releases of examples/node`);
    await buildImages(stage, rounds);
    const help = await helpTime(signal);
    for (const way of ways) {
      say(`starting the app for ${way.name}`);
      await way.start();
    }
    const played = await playRounds(stage, ways, rounds, say);
    return {
      bench: "deploy",
      at,
      machine,
      mix,
      ways: ways.map((way) => summarize(way.name, played)),
      cutover: summarizeCutover(played),
      help,
      rounds: played.map(({ latencies: _latencies, ...round }) => round),
    };
  } finally {
    say("cleaning up");
    await cleanUp(stage, ways, say);
  }
}

/** Every round has each way once; who comes first changes, so that none always has the warmer machine. */
async function playRounds(
  stage: Stage,
  ways: readonly Way[],
  rounds: number,
  say: (line: string) => void,
): Promise<Round[]> {
  const played: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (let turn = 0; turn < ways.length; turn += 1) {
      const way = ways[(round + turn) % ways.length];
      if (!way) continue;
      const result = await playRound(stage, way, String(round));
      const { failed, requests, firstNewMs } = result.seen;
      const first = firstNewMs === null ? "never" : `${(firstNewMs / 1000).toFixed(2)} s`;
      say(
        `round ${round} of ${rounds}, ${way.name}: ${failed} of ${requests} failed, answers after ${first}, processors ${Math.round(result.idle * 100)} % idle before`,
      );
      played.push(result);
    }
  }
  return played;
}

async function cleanUp(stage: Stage, ways: readonly Way[], say: (line: string) => void): Promise<void> {
  for (const way of ways) {
    await way
      .stop()
      .catch((error: unknown) => say(`${way.name}: ${error instanceof Error ? error.message : error}`));
  }
  const left = await clearStage(stage);
  if (left.length > 0) say(`could not be removed: ${left.join(", ")}`);
}

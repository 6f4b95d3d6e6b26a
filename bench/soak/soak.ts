import { setTimeout as delay } from "node:timers/promises";
import { fullMix, type LoadReport, type Mix, startLoad } from "../../tools/load/load.ts";
import { Colours, type Drained } from "./colours.ts";
import { type GatewayProcess, socketsOf, startGatewayProcess } from "./gateway-process.ts";
import { type PipelineReport, runPipeline } from "./pipeline.ts";
import { leaks, type Quiet } from "./leaks.ts";

export interface SoakOptions {
  /** The gateway's program. */
  entry: string;
  /** Each phase has a load of its own and a rest behind it. */
  phases: number;
  switchesPerPhase: number;
  everyMs: number;
  mix?: Mix;
  signal: AbortSignal;
  say: (line: string) => void;
}

export interface PhaseReport {
  load: Pick<LoadReport, "requests" | "failures" | "failed" | "byKind" | "opened" | "messages"> & {
    regressions: number;
  };
  pipelined: PipelineReport;
  switchMs: number[];
  drains: { requests: number; connections: number; cutRequests: number; closedConnections: number };
  /** What the processes hold behind it. */
  quiet: Quiet[];
}

export interface SoakReport {
  bench: "soak";
  seconds: number;
  /** Before the first load. */
  start: Quiet[];
  phases: PhaseReport[];
  /** What should not have been; empty when all is well. */
  problems: string[];
}

/** Rates that leave room for the backends and the load itself on two processors. */
export const soakMix: Mix = { ...fullMix, download: { lanes: 2, mb: 10, pauseMs: 200 } };
/** Longer than idle connections to targets are kept, and than clients of a load take to leave. */
const quietWithinMs = 30_000;

/** Runs a gateway under mixed load with a switch at every interval. Ends all that it started, also when it fails. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const from = performance.now();
  await using gateway = await startGatewayProcess(options.entry);
  await using colours = await Colours.start(gateway);
  const problems: string[] = [];
  const workers = await gateway.workers();
  await colours.next();
  const start = await quiet(gateway, null);
  const phases: PhaseReport[] = [];
  for (let phase = 1; phase <= options.phases; phase += 1) {
    const report = await playPhase(gateway, colours, options, start);
    phases.push(report);
    problems.push(...problemsOf(report).map((problem) => `phase ${phase}: ${problem}`));
    const { requests, failures } = report.load;
    options.say(
      `phase ${phase} of ${options.phases}: ${requests + report.pipelined.answers} requests, ${failures + report.pipelined.failures.length} failed, ${report.switchMs.length} switches; ${report.quiet.map(described).join("; ")}`,
    );
  }
  const left = await gateway.workers();
  if (left.join() !== workers.join()) problems.push("a worker ended and was replaced");
  problems.push(
    ...leaks(
      start,
      phases.map((phase) => phase.quiet),
      colours.recent,
    ),
  );
  problems.push(...gateway.complaints.map((line) => `the gateway's log: ${line.slice(0, 300)}`));
  return { bench: "soak", seconds: (performance.now() - from) / 1_000, start, phases, problems };
}

async function playPhase(
  gateway: GatewayProcess,
  colours: Colours,
  options: SoakOptions,
  start: readonly Quiet[],
): Promise<PhaseReport> {
  const firstSwitch = colours.switchMs.length;
  const firstDrain = (await colours.drained()).length;
  const stopping = new AbortController();
  await using load = await startLoad({ url: gateway.url, mix: options.mix ?? soakMix });
  const pipelined = runPipeline(gateway.port, stopping.signal);
  try {
    await switchAgainAndAgain(colours, options);
  } finally {
    stopping.abort();
  }
  const [report, pipeline] = await Promise.all([load.stop({ order: colours.versions }), pipelined]);
  // What is drained last has nothing any more.
  await colours.next();
  const drained = await colours.drained();
  const { requests, failures, failed, byKind, opened, messages, regressions } = report;
  return {
    load: { requests, failures, failed, byKind, opened, messages, regressions: regressions.total },
    pipelined: pipeline,
    switchMs: colours.switchMs.slice(firstSwitch),
    drains: sumOf(drained.slice(firstDrain)),
    quiet: await quiet(gateway, start),
  };
}

async function switchAgainAndAgain(colours: Colours, options: SoakOptions): Promise<void> {
  let due = performance.now();
  for (let count = 0; count < options.switchesPerPhase; count += 1) {
    due += options.everyMs;
    await delay(Math.max(0, due - performance.now()), undefined, { signal: options.signal });
    await colours.next();
  }
}

function sumOf(drained: readonly Drained[]): PhaseReport["drains"] {
  const sum = (value: (drain: Drained) => number) => drained.reduce((total, one) => total + value(one), 0);
  return {
    requests: sum((drain) => drain.requests),
    connections: sum((drain) => drain.connections),
    cutRequests: sum((drain) => drain.cutRequests),
    closedConnections: sum((drain) => drain.closedConnections),
  };
}

function problemsOf({ load, pipelined, drains }: PhaseReport): string[] {
  const problems: string[] = [];
  if (load.failures > 0) {
    const first = load.failed[0];
    problems.push(
      `${load.failures} of ${load.requests} requests failed, the first (${first?.kind}): ${first?.error}`,
    );
  }
  if (load.regressions > 0)
    problems.push(`${load.regressions} answers of a version older than one seen before`);
  if (load.messages.sse.missed > 0) problems.push(`${load.messages.sse.missed} events were missed`);
  if (pipelined.answers === 0) problems.push("no pipelined request was answered");
  problems.push(...pipelined.failures.map((failure) => `pipelined: ${failure}`));
  if (drains.cutRequests > 0) problems.push(`${drains.cutRequests} requests were cut by a drain`);
  return problems;
}

const described = ({ role, resident, heap, sockets }: Quiet) =>
  `${role} ${mib(resident)} MiB, heap ${mib(heap)}, ${sockets} sockets`;
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/** Waits until the processes have as many sockets as at the start, or for a time, and gives what they hold then. */
async function quiet(gateway: GatewayProcess, start: readonly Quiet[] | null): Promise<Quiet[]> {
  const deadline = performance.now() + quietWithinMs;
  const pids = [gateway.pid, ...(await gateway.workers())];
  for (;;) {
    const sockets = await Promise.all(pids.map(socketsOf));
    const above = sockets.some(
      (count, index) => count > (start?.[index]?.sockets ?? Number.POSITIVE_INFINITY),
    );
    if (!above || performance.now() > deadline) {
      return Promise.all(
        pids.map(async (pid, index) => ({
          role: index === 0 ? "primary" : `worker ${index}`,
          sockets: sockets[index] ?? 0,
          ...(await gateway.held(pid)),
        })),
      );
    }
    await delay(100);
  }
}

import { type BenchArguments, benchArguments, usage } from "./arguments.ts";
import { benchDataplane } from "./dataplane/bench.ts";
import { dataplaneMarkdown } from "./dataplane/markdown.ts";
import { dataplaneText } from "./dataplane/text.ts";
import { benchDeploy } from "./deploy/bench.ts";
import { reportText } from "./deploy/text.ts";
import { benchSoak } from "./soak/bench.ts";
import { soakText } from "./soak/text.ts";

interface Outcome {
  report: unknown;
  text: string;
  /** False when a bench that asserts something found it broken. */
  good: boolean;
}

async function bench(args: BenchArguments, signal: AbortSignal): Promise<Outcome> {
  const say = (line: string) => void process.stderr.write(`bench: ${line}\n`);
  if (args.bench === "deploy") {
    const report = await benchDeploy({ rounds: args.rounds, signal, say });
    return { report, text: reportText(report), good: true };
  }
  if (args.bench === "dataplane") {
    const report = await benchDataplane({ ...args, signal, say });
    return { report, text: args.markdown ? dataplaneMarkdown(report) : dataplaneText(report), good: true };
  }
  if (args.bench === "soak") {
    const report = await benchSoak(args.minutes, signal, say);
    return { report, text: soakText(report), good: report.problems.length === 0 };
  }
  if (args.bench === "mock") {
    const { benchMock, mockText } = await import("./dataplane/mock.ts");
    const figures = await benchMock();
    return { report: { bench: "mock", figures }, text: mockText(figures), good: true };
  }
  return { report: null, text: usage, good: true };
}

async function main(): Promise<number> {
  let args: BenchArguments;
  try {
    args = benchArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (args.bench === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
  try {
    const { report, text, good } = await bench(args, interrupted.signal);
    process.stdout.write(args.json ? `${JSON.stringify(report)}\n` : text);
    return good ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();

import { type BenchArguments, benchArguments, usage } from "./arguments.ts";
import { benchDeploy } from "./deploy/bench.ts";
import { reportText } from "./deploy/text.ts";

async function bench(args: BenchArguments, signal: AbortSignal): Promise<void> {
  const say = (line: string) => void process.stderr.write(`bench: ${line}\n`);
  const report = await benchDeploy({ rounds: args.rounds, signal, say });
  process.stdout.write(args.json ? `${JSON.stringify(report)}\n` : reportText(report));
}

async function main(): Promise<number> {
  let args: BenchArguments;
  try {
    args = benchArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (args.help) {
    process.stdout.write(usage);
    return 0;
  }
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
  try {
    await bench(args, interrupted.signal);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();

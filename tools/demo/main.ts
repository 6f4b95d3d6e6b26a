import { removeInstance, thingsOf } from "../instance/removal.ts";
import { type DemoArguments, demoArguments, usage } from "./arguments.ts";
import { runCutover } from "./command.ts";
import { jsonOut, type Out, textOut } from "./out.ts";
import { clearStage, instance, type Stage, setStage } from "./stage.ts";
import { playStory } from "./story.ts";

const apps = ["cutover-demo-node", "cutover-demo-flask"];

async function demo(args: DemoArguments, signal: AbortSignal): Promise<boolean> {
  const out = args.json ? jsonOut() : textOut();
  if ((await thingsOf(instance, apps)).length > 0) {
    out.tell({ type: "said", text: "removing what an earlier demo left" });
    await removeInstance(instance, apps);
  }
  const stage = await setStage(args.example);
  let keep = false;
  try {
    const { tell } = out;
    const played = await playStory({ stage, example: args.example, signal, tell, onLoad: out.follow });
    out.played(played);
    keep = args.keep;
    return played.findings.every((finding) => finding.good);
  } finally {
    out.close();
    if (keep) out.tell({ type: "said", text: howToPlay(stage) });
    else await cleanUp(stage, out);
  }
}

/** As a user would, with `cutover down --all`; then what the demo itself made: the examples' images and volumes. */
async function cleanUp(stage: Stage, out: Out): Promise<void> {
  out.tell({ type: "said", text: "cleaning up" });
  const own = new AbortController();
  const down = await runCutover(stage, ["down", "--all", "--yes"], {}, own.signal);
  if (down.exitCode !== 0)
    process.stderr.write(`cutover down ended with exit code ${down.exitCode}\n${down.stderr}\n`);
  const left = await removeInstance(instance, apps);
  if (left.length > 0) process.stderr.write(`could not be removed: ${left.join(", ")}\n`);
  await clearStage(stage);
}

function howToPlay({ directory, app, url, port }: Stage): string {
  return [
    `Left running: ${url}, in ${directory}. To play with it:`,
    "",
    `  cd ${directory}`,
    `  export CUTOVER_INSTANCE=${instance} PORT=${port} COMPOSE_FILE=compose.yaml:demo.yaml COMPOSE_PROJECT_NAME=${app}`,
    `  alias cutover=${new URL("../../bin/cutover", import.meta.url).pathname}`,
    "  VERSION=4 cutover deploy",
    "  cutover status",
    "  cutover rollback",
    "  cutover down --all",
    "",
  ].join("\n");
}

async function main(): Promise<number> {
  let args: DemoArguments;
  try {
    args = demoArguments(process.argv.slice(2));
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
  // Who reads the output has gone, as with `| head`: clean up as for an interrupt.
  process.stdout.on("error", () => interrupted.abort());
  try {
    return (await demo(args, interrupted.signal)) ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();

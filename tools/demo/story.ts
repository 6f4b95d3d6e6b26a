import { fullMix, type Load, type LoadReport, plainMix, startLoad } from "../load/load.ts";
import { runCutover } from "./command.ts";
import { type CountedScene, type Scene, sceneOf, type Told } from "./scene.ts";
import { containersOf, type Stage } from "./stage.ts";
import { type Finding, verdict } from "./verdict.ts";

/** How long the load runs before the first switch under it and after the last, so that there is something to compare. */
const steadyMs = 3_000;
/** Long enough for a sound release to become ready, short enough to watch a bad one fail. */
const readyTimeout = "8s";

export interface Played {
  scenes: CountedScene[];
  load: LoadReport;
  findings: Finding[];
}

export interface StoryOptions {
  stage: Stage;
  example: "node" | "flask";
  signal: AbortSignal;
  tell: (told: Told) => void;
  /** Called with the running load, for a live count. */
  onLoad: (load: Load) => void;
}

/** Release 1, load, release 2, a release 3 that never gets healthy, back to 1; then what became of every request. */
export async function playStory(options: StoryOptions): Promise<Played> {
  const { stage, example, signal, tell } = options;
  const files = stage.files.flatMap((file) => ["-f", file]);
  const typedFiles = "-f compose.yaml";

  const play = async (
    title: string,
    args: string[],
    command: string,
    variables: Record<string, string>,
    expected: Scene["expected"],
  ): Promise<Scene> => {
    const typed = [...Object.entries(variables).map(([name, value]) => `${name}=${value}`), command].join(
      " ",
    );
    tell({ type: "scene", title, typed });
    const all = [args[0] ?? "", ...files, "-p", stage.app, ...args.slice(1), "--json"];
    let ended = false;
    const ran = await runCutover(stage, all, variables, signal, (event) => {
      // The command repeats a deployment's error as its own last line.
      if (!(event.type === "error" && ended)) tell({ type: "event", event });
      ended ||= event.type === "outcome";
    });
    return sceneOf(ran, { title, typed, expected });
  };
  const live = { outcome: "live", exitCode: 0 } as const;

  tell({ type: "said", text: "starting control and gateway" });
  const ports = ["--http-port", String(stage.httpPort), "--https-port", String(stage.httpsPort)];
  const up = await runCutover(stage, ["up", ...ports, "--bind", "127.0.0.1"], {}, signal);
  if (up.exitCode !== 0) throw new Error(`cutover up ended with exit code ${up.exitCode}:\n${up.stderr}`);

  const first = await play("release 1", ["deploy"], `cutover deploy ${typedFiles}`, { VERSION: "1" }, live);
  if (first.exitCode !== 0)
    throw new Error(`release 1 did not become live: ${first.error?.message ?? "no reason"}`);
  const visited = example === "node" ? await visit(stage) : null;

  tell({ type: "said", text: "starting the load" });
  await using load = await startLoad({ url: stage.url, mix: example === "node" ? fullMix : plainMix });
  options.onLoad(load);
  await steady(load, signal);

  const second = await play("release 2", ["deploy"], `cutover deploy ${typedFiles}`, { VERSION: "2" }, live);
  await answeredBy(load, "2");
  await steady(load, signal);

  const before = await containersOf(stage.app);
  const third = await play(
    "release 3, never healthy",
    ["deploy", "--timeout", readyTimeout],
    `cutover deploy ${typedFiles} --timeout ${readyTimeout}`,
    { VERSION: "3", FAIL: "never-healthy" },
    { outcome: "refused", exitCode: 3 },
  );
  const after = await containersOf(stage.app);
  await answeredBy(load, "2");

  const back = await play("back to release 1", ["rollback", "1"], "cutover rollback 1", {}, live);
  await answeredBy(load, "1");
  await steady(load, signal);

  for (const scene of [second, back]) if (scene.switchedAt) load.mark(scene.title, scene.switchedAt);
  const report = await load.stop({ order: ["1", "2", "1"] });
  const visitedAgain = visited === null ? null : await visit(stage);
  const scenes = [first, second, third, back];
  const findings = verdict({
    scenes,
    load: report,
    containers: { before, after },
    databaseStarts: visitedAgain?.starts ?? null,
  });
  if (visited && visitedAgain) {
    const kept = visitedAgain.visits === visited.visits + 1;
    findings.push({ good: kept, what: kept ? "its data is still there" : "its data was lost" });
  }
  return { scenes: scenes.map((scene) => counted(scene, report)), load: report, findings };
}

/** Waits until the load has run on for a while with nothing going on. */
async function steady(load: Load, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const until = performance.now() + steadyMs;
  await load.until(() => signal.aborted || performance.now() >= until, steadyMs + 5_000);
  signal.throwIfAborted();
}

async function answeredBy(load: Load, version: string): Promise<void> {
  await load.until((progress) => progress.version === version, 10_000);
}

function counted(scene: Scene, report: LoadReport): CountedScene {
  const load = report.marks.find((mark) => mark.name === scene.title) ?? null;
  return { ...scene, load, receipt: scene.outcome?.receipt ?? null };
}

/** Counts a visit in the example's database. */
async function visit(stage: Stage): Promise<{ visits: number; starts: number }> {
  const answer = await fetch(`${stage.url}/visits`, { method: "POST" });
  if (!answer.ok) throw new Error(`POST ${stage.url}/visits answered ${answer.status}`);
  return (await answer.json()) as { visits: number; starts: number };
}

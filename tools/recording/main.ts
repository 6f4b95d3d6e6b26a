import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { freePorts } from "../instance/ports.ts";
import { removeInstance } from "../instance/removal.ts";
import { drawSvg } from "./svg.ts";
import { Terminal } from "./terminal.ts";

/**
 * Records a deployment, a refused release and a rollback under load, as they happen, into docs/images/deployment.svg.
 * Needs an engine, the base images of the example, and tmux: `npm run build && node tools/recording/main.ts [FILE]`.
 */
const instance = "cutover-recording";
const app = "recorded-shop";
const size = { columns: 92, rows: 26 };

/** What is typed, the exit code it must end with, and how long its last words stay, in milliseconds. */
const scenes = [
  { command: "VERSION=2 cutover deploy", exitCode: 0, stayMs: 4_000 },
  { command: "VERSION=3 FAIL=exit cutover deploy", exitCode: 3, stayMs: 4_000 },
  { command: "cutover rollback", exitCode: 0, stayMs: 4_500 },
];

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = process.argv[2] ?? join(root, "docs/images/deployment.svg");

async function setStage(directory: string) {
  await cp(join(root, "examples/node"), join(directory, app), { recursive: true });
  const [port = 0, httpPort = 0] = await freePorts(2);
  const env = {
    PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}`,
    CUTOVER_INSTANCE: instance,
    PORT: String(port),
    LANG: "C.UTF-8",
  };
  const run = (args: string[]) => execa(join(root, "bin/cutover"), args, { cwd: join(directory, app), env });
  await run(["up", "--http-port", String(httpPort), "--bind", "127.0.0.1"]);
  await run(["deploy"]);
  return { env, url: `http://127.0.0.1:${port}/`, cwd: join(directory, app) };
}

async function record(directory: string) {
  const { env, url, cwd } = await setStage(directory);
  const rcFile = join(directory, "bashrc");
  const exitFile = join(directory, "exit-code");
  await writeFile(rcFile, startUp(env.PATH, exitFile));
  await using terminal = await Terminal.open({ ...size, cwd, env, rcFile });
  await terminal.prompt();
  await terminal.below(`${process.execPath} ${join(root, "tools/recording/meter.ts")} ${url}`);
  await delay(1_000);
  terminal.record();
  for (const { command, exitCode, stayMs } of scenes) {
    await terminal.press("C-l");
    await delay(700);
    await terminal.type(command);
    await terminal.press("Enter");
    await terminal.prompt();
    const ended = Number(await readFile(exitFile, "utf8"));
    if (ended !== exitCode) throw new Error(`\`${command}\` ended with exit code ${ended}`);
    await delay(stayMs);
  }
  return terminal.frames();
}

/** Bash's start-up file: a short prompt, before which the last exit code is kept and whoever waits for it is told. */
function startUp(path: string, exitFile: string): string {
  return [
    `export PATH='${path}'`,
    "PS1='\\[\\e[36m\\]$\\[\\e[39m\\] '",
    `PROMPT_COMMAND='echo $? > "${exitFile}"; tmux wait-for -S prompt'`,
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  await removeInstance(instance, [app]);
  const directory = await mkdtemp(join(tmpdir(), "cutover-recording-"));
  try {
    const { frames, durationMs } = await record(directory);
    const svg = drawSvg(frames, {
      ...size,
      durationMs,
      title: "cutover deploy, a refused release, and cutover rollback, under load",
      description:
        "A terminal. Version 2 is deployed while a load generator below counts requests: none fails, and version 2 answers. " +
        "Version 3 exits at its start and is refused with its last log line; version 2 still answers. " +
        "A rollback brings version 1 back.",
    });
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, svg);
    process.stdout.write(
      `${target}: ${frames.length} frames, ${(durationMs / 1000).toFixed(1)} s, ${svg.length} bytes\n`,
    );
  } finally {
    const left = await removeInstance(instance, [app]);
    if (left.length > 0) process.stderr.write(`could not be removed: ${left.join(", ")}\n`);
    await rm(directory, { recursive: true, force: true });
  }
}

await main();

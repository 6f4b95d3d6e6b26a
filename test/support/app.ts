import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa, type ResultPromise } from "execa";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { freePorts } from "../../tools/instance/ports.ts";
import type { TestInstance } from "./instance.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What `--json` printed, one value a line. */
  lines: Record<string, unknown>[];
}

export type Outcome = Extract<DeploymentEvent, { type: "outcome" }>;

/** A copy of an example, deployed by the real command. */
export interface TestApp extends AsyncDisposable {
  directory: string;
  project: string;
  port: number;
  url: string;
  /** Runs `cutover ARGS` in the app's directory; never throws for an exit code. */
  cutover(args: string[], env?: Record<string, string>): Promise<Ran>;
  /** `cutover deploy --json` of a version; the outcome event. */
  deploy(
    version: string,
    args?: string[],
    env?: Record<string, string>,
  ): Promise<Outcome & { exitCode: number }>;
  /** Starts the command without waiting for it. */
  spawn(args: string[], env?: Record<string, string>): ResultPromise;
  /** Changes the compose file. */
  edit(change: (text: string) => string): Promise<void>;
}

/** Copies `examples/<name>` and gives it a project name and a port of its own. Nothing is deployed yet. */
export async function testApp(instance: TestInstance, name = "node", label = name): Promise<TestApp> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-app-"));
  await cp(join(root, "examples", name), directory, { recursive: true });
  const project = instance.project(label);
  const [port = 0] = await freePorts(1);
  const base: Record<string, string> = { ...instance.env, PORT: String(port), COMPOSE_PROJECT_NAME: project };
  const spawn = (args: string[], env: Record<string, string> = {}) => {
    const [command = "", ...before] = [...(instance.enter ?? []), join(root, "bin/cutover")];
    return execa(command, [...before, ...args], {
      cwd: directory,
      env: { ...base, ...env },
      reject: false,
      stdin: "ignore",
    });
  };
  const cutover = async (args: string[], env: Record<string, string> = {}): Promise<Ran> => {
    const result = await spawn(args, env);
    const stdout = String(result.stdout);
    return {
      exitCode: result.exitCode ?? -1,
      stdout,
      stderr: String(result.stderr),
      lines: jsonLines(stdout),
    };
  };
  return {
    directory,
    project,
    port,
    url: `http://127.0.0.1:${port}`,
    cutover,
    spawn: (args, env) => spawn(args, env) as unknown as ResultPromise,
    deploy: async (version, args = [], env = {}) => {
      const ran = await cutover(["deploy", "--json", ...args], { VERSION: version, ...env });
      const outcome = ran.lines.findLast((line) => line.type === "outcome") as Outcome | undefined;
      if (!outcome)
        throw new Error(
          `cutover deploy told no outcome (exit ${ran.exitCode}):\n${ran.stdout}\n${ran.stderr}`,
        );
      return { ...outcome, exitCode: ran.exitCode };
    },
    edit: async (change) => {
      const file = join(directory, "compose.yaml");
      await writeFile(file, change(await readFile(file, "utf8")));
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Record<string, unknown>] : []));
}

/** Starts control and gateway of an instance. */
export async function up(instance: TestInstance): Promise<void> {
  const [command = "", ...before] = [...(instance.enter ?? []), join(root, "bin/cutover")];
  const args = ["up", "--http-port", String(instance.httpPort)];
  await execa(command, [...before, ...args], { env: instance.env, stdin: "ignore" });
}

/** Runs `docker ARGS` and gives its output's lines. */
export async function docker(...args: string[]): Promise<string[]> {
  const { stdout } = await execa("docker", args, { lines: true });
  return stdout.filter((line) => line !== "");
}

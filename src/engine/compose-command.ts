import { execa } from "execa";
import { CutoverError } from "../model/error.ts";
import { errno, knownFailure } from "./failure.ts";
import { lineCutter } from "./lines.ts";

/** Variables laid over the environment of this process; undefined takes one away. */
export type Environment = Record<string, string | undefined>;

export interface ComposeRun {
  /** Leads compose to the engine, see `composeEnvironment`. */
  endpointEnv: Environment;
  /** Everything after `docker compose`. */
  args: string[];
  cwd?: string;
  /** Given to compose's standard input, which is empty otherwise. */
  input?: string;
  /** Each line as it comes. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Aborting interrupts compose, and kills it when it has not ended 10 s later. */
  signal?: AbortSignal;
}

export interface ComposeResult {
  stdout: string;
  stderr: string;
  /** 130 when it ended by a signal. */
  exitCode: number;
}

/** Milliseconds between asking compose to end and killing it. */
const killDelayMs = 10_000;
const interruptedCode = 130;

/** Compose's output is read by a program and printed line by line, whatever the user has set for their terminal. */
const plainOutput: Environment = {
  COMPOSE_ANSI: "never",
  COMPOSE_PROGRESS: "plain",
  COMPOSE_MENU: "false",
  BUILDKIT_PROGRESS: "plain",
  DOCKER_CLI_HINTS: "false",
};

/** The variables that lead compose to the engine that the user named by option; empty when they named none. */
export function composeEnvironment(options: {
  host?: string | undefined;
  context?: string | undefined;
}): Environment {
  if (options.host) return { DOCKER_HOST: options.host, DOCKER_CONTEXT: undefined };
  if (options.context) return { DOCKER_CONTEXT: options.context, DOCKER_HOST: undefined };
  return {};
}

/**
 * Runs `docker compose` to its end. Another exit code than 0 is a result, not an error (see `composeFailure`).
 *
 * Compose runs in a process group of its own: Ctrl-C asks a question first, so it must not reach compose.
 * @throws COMPOSE_MISSING when there is no docker command; the signal's reason when it was aborted.
 */
export async function runCompose(run: ComposeRun): Promise<ComposeResult> {
  run.signal?.throwIfAborted();
  const child = execa("docker", ["compose", ...run.args], {
    ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
    ...(run.input === undefined ? { stdin: "ignore" as const } : { input: run.input }),
    env: { ...plainOutput, ...run.endpointEnv },
    detached: process.platform !== "win32",
    reject: false,
    stripFinalNewline: false,
  });
  const { onLine } = run;
  if (onLine) {
    cutLines(child.stdout, (line) => onLine(line, "stdout"));
    cutLines(child.stderr, (line) => onLine(line, "stderr"));
  }
  const release = endWith(child.pid, run.signal);
  const result = await child.finally(release);
  run.signal?.throwIfAborted();
  if (result.exitCode === undefined && !result.isTerminated) {
    throw errno(result.cause) === "ENOENT" ? dockerMissing(result.cause) : startFailure(result.cause);
  }
  return {
    stdout: String(result.stdout ?? ""),
    stderr: String(result.stderr ?? ""),
    exitCode: result.exitCode ?? interruptedCode,
  };
}

/** Version of the compose plugin, such as `2.26.1`. @throws COMPOSE_MISSING. */
export async function composeVersion(endpointEnv: Environment): Promise<string> {
  const { stdout, stderr, exitCode } = await runCompose({ endpointEnv, args: ["version", "--short"] });
  const version = /^v?(\d+\.\d+\.\d+)/.exec(stdout.trim())?.[1];
  if (exitCode === 0 && version) return version;
  throw new CutoverError("COMPOSE_MISSING", "`docker compose version` does not answer.", {
    details: lastLines(stderr, 5),
  });
}

/** The error for a compose command that failed; `what` begins the message: "compose up failed". */
export function composeFailure(what: string, result: ComposeResult): CutoverError {
  const details = lastLines(result.stderr, 20);
  const code = knownFailure(result.stderr) ?? "COMPOSE_FAILED";
  return new CutoverError(code, `${what} (exit code ${result.exitCode}).`, { details });
}

function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-count);
}

function cutLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const cutter = lineCutter();
  stream.on("data", (chunk: Buffer) => cutter.push(chunk).forEach(onLine));
  stream.on("end", () => cutter.end().forEach(onLine));
}

/** Ends compose's process group with the signal, and with this process. Gives the function that lets go of it. */
function endWith(pid: number | undefined, signal: AbortSignal | undefined): () => void {
  if (pid === undefined) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    signalGroup(pid, "SIGINT");
    timer = setTimeout(() => signalGroup(pid, "SIGKILL"), killDelayMs);
  };
  const leave = () => signalGroup(pid, "SIGTERM");
  signal?.addEventListener("abort", interrupt, { once: true });
  process.once("exit", leave);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
    process.removeListener("exit", leave);
  };
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, name);
  } catch {
    // It has ended by itself.
  }
}

function dockerMissing(cause: unknown): CutoverError {
  return new CutoverError("COMPOSE_MISSING", "There is no `docker` command on the PATH.", {
    cause,
    hint: "Install the Docker CLI with the compose plugin, so that `docker compose version` answers.",
  });
}

function startFailure(cause: unknown): CutoverError {
  return new CutoverError("COMPOSE_MISSING", "`docker compose` could not be started.", { cause });
}

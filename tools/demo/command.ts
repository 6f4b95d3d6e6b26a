import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { ErrorBody } from "../../src/model/error.ts";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { instance, type Stage } from "./stage.ts";

const cutover = fileURLToPath(new URL("../../bin/cutover", import.meta.url));

/** What `cutover … --json` prints, one a line. */
export type PrintedEvent =
  | DeploymentEvent
  | { at: number; type: "note"; message: string }
  | { at: number; type: "error"; error: ErrorBody };

export interface Ran {
  exitCode: number;
  events: PrintedEvent[];
  /** What it said on standard error. */
  stderr: string;
  ms: number;
}

/** Runs the command as a user does, with `variables` for the compose file, and hands its events on as they come. */
export async function runCutover(
  stage: Stage,
  args: string[],
  variables: Record<string, string>,
  signal: AbortSignal,
  onEvent: (event: PrintedEvent) => void = () => {},
): Promise<Ran> {
  const from = performance.now();
  const running = execa(cutover, args, {
    cwd: stage.directory,
    env: { ...environment(), CUTOVER_INSTANCE: instance, PORT: String(stage.port), ...variables },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    cancelSignal: signal,
    gracefulCancel: false,
    forceKillAfterDelay: 20_000,
  });
  const events: PrintedEvent[] = [];
  for await (const line of running.iterable({ from: "stdout" })) {
    const event = printed(line);
    if (!event) continue;
    events.push(event);
    onEvent(event);
  }
  const { exitCode, stderr } = await running;
  signal.throwIfAborted();
  return { exitCode: exitCode ?? 1, events, stderr, ms: performance.now() - from };
}

/** The user's own environment without what would steer compose elsewhere. */
function environment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(COMPOSE_|VERSION$|FAIL$)/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

function printed(line: string): PrintedEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? (value as PrintedEvent) : null;
  } catch {
    return null;
  }
}

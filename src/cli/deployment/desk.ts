import type { EngineConnection } from "../../engine/connection.ts";
import type { DeploymentEventBody } from "../../model/events.ts";
import type { Context } from "../context.ts";
import { openEngine } from "../engine-access.ts";
import type { CliEventBody, Reporter } from "../event.ts";
import { createReporter } from "../render/reporter.ts";
import { Interrupts } from "./interrupts.ts";

/** What a command that carries a deployment works with, open for as long as it runs. */
export interface Desk {
  context: Context;
  connection: EngineConnection;
  reporter: Reporter;
  interrupts: Interrupts;
  /** Shows an event of the command's own. */
  say(event: CliEventBody | DeploymentEventBody): void;
}

/** Opens the engine and the reporter, runs `work`, and closes both whatever happens. */
export async function atDesk<T>(context: Context, work: (desk: Desk) => Promise<T>): Promise<T> {
  await using connection = await openEngine(context);
  const reporter = await createReporter(context);
  using interrupts = new Interrupts(context.io, reporter);
  try {
    const say = (event: CliEventBody | DeploymentEventBody) =>
      reporter.event({ at: context.io.now(), ...event });
    return await work({ context, connection, reporter, interrupts, say });
  } finally {
    reporter.close();
  }
}

/** Shows a line of a command's output; empty ones are left out. */
export function sayLine(desk: Desk, source: string, line: string): void {
  if (line.trim() !== "") desk.say({ type: "log", source, line: line.trim() });
}

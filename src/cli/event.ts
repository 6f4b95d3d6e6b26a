import type { ErrorBody } from "../model/error.ts";
import type { DeploymentEventBody } from "../model/events.ts";

/** What the command says of its own work, beside what control streams. */
export type CliEventBody =
  /** A sentence about what the command does outside of a deployment, e.g. that it starts control. */
  | { type: "note"; message: string }
  /** The command failed; the last line that `--json` prints then. */
  | { type: "error"; error: ErrorBody };

/** Everything that a reporter shows and `--json` prints. */
export type CliEvent = { at: number } & (DeploymentEventBody | CliEventBody);

/** Shows events as they come. */
export interface Reporter {
  event(event: CliEvent): void;
  /** Takes the live lines away for a question, and brings them back. */
  pause(): void;
  resume(): void;
  /** Leaves the terminal clean; nothing is shown after it. */
  close(): void;
}

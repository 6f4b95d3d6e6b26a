import type { GlobalOptions } from "./globals.ts";
import type { Io } from "./io.ts";

/** What every command gets. */
export interface Context {
  io: Io;
  /** The process's environment with --host and --context worked in; what child processes get. */
  env: NodeJS.ProcessEnv;
  globals: GlobalOptions;
  /** Name of the Cutover installation on the engine. */
  instance: string;
  json: boolean;
}

/** What a command hands back to be printed. `text` is null where a reporter has shown all there is. */
export interface Result {
  exit: number;
  /** Printed by --json, on one line; undefined prints nothing. */
  data: unknown;
  text: string | null;
}

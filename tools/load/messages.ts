import type { LoadOptions } from "./options.ts";
import type { LoadReport, Mark } from "./report.ts";

/** What the process that makes the load is told; it answers with `Told`. */
export type Command =
  | { type: "start"; options: LoadOptions }
  | { type: "stop"; marks: Mark[]; order: string[] | null; recordsFile: string | null };

export interface Progress {
  requests: number;
  failures: number;
  /** Version of the newest answer. */
  version: string | null;
  /** Every kind in the mix has had a right answer. */
  underWay: boolean;
}

export type Told = { type: "progress"; progress: Progress } | { type: "report"; report: LoadReport };

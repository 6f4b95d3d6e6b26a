import type { DeploymentRun } from "../deploy/runner.ts";
import type { Lease } from "./app-lock.ts";
import type { EventLog } from "./event-log.ts";

/** A deployment that has not ended, with those who watch it. */
export interface Active {
  run: DeploymentRun;
  log: EventLog;
  lease: Lease;
  ended: Promise<void>;
}

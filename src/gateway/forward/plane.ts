import type { Logger } from "pino";
import type { Gate } from "../gate.ts";
import type { Stats } from "../stats.ts";
import type { Upstreams } from "./upstream.ts";

/** What the parts of the data plane share. */
export interface Plane {
  gate: Gate;
  stats: Stats;
  upstreams: Upstreams;
  log: Logger;
  /** Set once the process is about to end: answers ask clients to connect anew. */
  closing: boolean;
}

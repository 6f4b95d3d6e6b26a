/** An app's settings after defaults: `x-cutover` at the top of the compose file. Durations in milliseconds. */
export interface Settings {
  /** How long a release may take to become ready. */
  readyTimeoutMs: number;
  /** How long requests in flight may take after the switch. */
  drainRequestsMs: number;
  /** How long WebSocket, SSE and other long-lived connections may stay after the switch. */
  drainConnectionsMs: number;
  /** The window over which long-lived connections are closed at their deadline. */
  drainSpreadMs: number;
  /** How long the old release stays stopped, to be started again by a rollback. */
  rollbackWindowMs: number;
  /** Number of releases whose images stay. */
  keepReleases: number;
}

export const defaultSettings: Settings = {
  readyTimeoutMs: 120_000,
  drainRequestsMs: 30_000,
  drainConnectionsMs: 60_000,
  drainSpreadMs: 3_000,
  rollbackWindowMs: 3_600_000,
  keepReleases: 5,
};

/** When a hook runs: before the colour starts, when it is ready but has no traffic, after the switch. */
export type HookPhase = "pre-deploy" | "pre-switch" | "post-deploy";

export const hookPhases: readonly HookPhase[] = ["pre-deploy", "pre-switch", "post-deploy"];

/** A command that runs once in a deployment, in a container of its own from the service's new image. */
export interface Hook {
  phase: HookPhase;
  /** Position in its phase; hooks run in order. */
  index: number;
  service: string;
  command: string[];
  timeoutMs: number;
}

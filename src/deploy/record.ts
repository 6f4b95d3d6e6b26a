import type { Colour } from "../model/app.ts";
import type { Deployment, Outcome } from "../model/deployment.ts";
import type { ErrorBody } from "../model/error.ts";
import type { DeploymentEventBody } from "../model/events.ts";
import type { Release, ReleaseState } from "../model/release.ts";
import type { MachineState } from "./machine.ts";
import type { AppRoutes } from "./ports.ts";

/** A deployment with what is needed to go on with it after a restart. */
export interface DeploymentRecord extends Deployment {
  /** Compose has started everything; the CLI is no longer needed. */
  handedOver: boolean;
  /** Rollback onto containers that stood stopped: giving up stops them again instead of removing them. */
  reused: boolean;
  /** Why it is being given up, and as what. */
  abort: { outcome: Exclude<Outcome, "live" | "unchanged">; error: ErrorBody } | null;
  /** Every step is done; only the outcome is missing. */
  complete: boolean;
  readyTimeoutMs: number | null;
  switchedAt: number | null;
  firstGoodAt: number | null;
  /** Target ids that get no new request and have not been seen drained. */
  draining: string[];
  drained: { requests: number; connections: number; cutRequests: number; closedConnections: number };
  workers: number;
  stepMs: Record<string, number>;
}

type Beginning = Pick<
  DeploymentRecord,
  "id" | "app" | "kind" | "colour" | "previous" | "who" | "readyTimeoutMs" | "startedAt"
>;

/** The record of a deployment that has just taken the app's lock. */
export function newRecord(beginning: Beginning): DeploymentRecord {
  return {
    ...beginning,
    release: null,
    step: "prepare",
    outcome: null,
    error: null,
    endedAt: null,
    receipt: null,
    handedOver: false,
    reused: false,
    abort: null,
    complete: false,
    switchedAt: null,
    firstGoodAt: null,
    draining: [],
    drained: { requests: 0, connections: 0, cutRequests: 0, closedConnections: 0 },
    workers: 0,
    stepMs: {},
  };
}

export interface ReleaseRecord {
  release: Release;
  state: ReleaseState;
  /** Colour it last ran in. */
  colour: Colour;
  liveAt: number | null;
  retiredAt: number | null;
}

/** What the machine sees of a record. */
export function machineState(record: DeploymentRecord): MachineState {
  return {
    step: record.step,
    ended: record.outcome !== null,
    abort: record.abort !== null,
    complete: record.complete,
  };
}

/** Durable memory as the runner needs it: each call is on disk when it returns. */
export interface DeploymentStore {
  save(record: DeploymentRecord): void;
  release(app: string, number: number): ReleaseRecord | null;
  /** Number of the release that serves. */
  liveRelease(app: string): number | null;
  saveRelease(record: ReleaseRecord): void;
  /** The switch is a fact: live release, routes and the record change as one. */
  commitSwitch(record: DeploymentRecord, live: ReleaseRecord, routes: AppRoutes): void;
}

export type Emit = (event: DeploymentEventBody) => void;

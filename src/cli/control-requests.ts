import type {
  AppSummary,
  BeginRequest,
  ControlStatus,
  PutReleaseRequest,
  ReleaseAccepted,
  ReleaseList,
} from "../model/control-api.ts";
import { type ErrorBody, fromErrorBody } from "../model/error.ts";
import type { DeploymentEvent } from "../model/events.ts";
import type { Release, ReleaseSummary } from "../model/release.ts";

/** The way to control; `install` gives it. Errors come as the CutoverError control sent. */
export interface ControlClient {
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Closing the iteration or aborting the signal closes the connection. */
  stream(method: string, path: string, body?: unknown, signal?: AbortSignal): AsyncIterable<unknown>;
}

/** What DELETE of an app tells, a line for each thing removed. */
export interface Removed {
  type: "removed";
  kind: string;
  name: string;
}

/**
 * Control's API by its requests: see model/control-api. Answers are taken as the types say: control is of the same
 * version, which `connectControl` has checked.
 */
export interface Control {
  status(): Promise<ControlStatus>;
  apps(): Promise<AppSummary[]>;
  app(app: string): Promise<AppSummary>;
  releases(app: string): Promise<ReleaseSummary[]>;
  release(app: string, number: number): Promise<Release>;
  begin(app: string, request: BeginRequest, signal: AbortSignal): AsyncIterable<DeploymentEvent>;
  putRelease(deployment: string, release: PutReleaseRequest): Promise<ReleaseAccepted>;
  preDeploy(deployment: string): Promise<void>;
  started(deployment: string): Promise<void>;
  abort(deployment: string, reason: string, error: ErrorBody | null): Promise<void>;
  events(deployment: string, signal: AbortSignal): AsyncIterable<DeploymentEvent>;
  removeApp(app: string): AsyncIterable<Removed>;
}

export function controlRequests(client: ControlClient): Control {
  const get = (path: string) => client.request("GET", path);
  const ofApp = (app: string) => `/v1/apps/${encodeURIComponent(app)}`;
  const ofDeployment = (id: string) => `/v1/deployments/${encodeURIComponent(id)}`;
  return {
    status: async () => (await get("/v1/status")) as ControlStatus,
    apps: async () => ((await get("/v1/apps")) as { apps: AppSummary[] }).apps,
    app: async (app) => (await get(ofApp(app))) as AppSummary,
    releases: async (app) => ((await get(`${ofApp(app)}/releases`)) as ReleaseList).releases,
    release: async (app, number) => (await get(`${ofApp(app)}/releases/${number}`)) as Release,
    begin: (app, request, signal) =>
      client.stream("POST", `${ofApp(app)}/deployments`, request, signal) as AsyncIterable<DeploymentEvent>,
    putRelease: async (id, release) =>
      (await client.request("PUT", `${ofDeployment(id)}/release`, release)) as ReleaseAccepted,
    preDeploy: async (id) => void (await client.request("POST", `${ofDeployment(id)}/hooks/pre-deploy`, {})),
    started: async (id) => void (await client.request("POST", `${ofDeployment(id)}/started`, {})),
    abort: async (id, reason, error) =>
      void (await client.request("POST", `${ofDeployment(id)}/abort`, { reason, error })),
    events: (id, signal) =>
      client.stream("GET", `${ofDeployment(id)}/events`, undefined, signal) as AsyncIterable<DeploymentEvent>,
    removeApp: (app) => removals(client.stream("DELETE", ofApp(app))),
  };
}

/** What was removed. A last line may say why the rest was not. */
async function* removals(lines: AsyncIterable<unknown>): AsyncGenerator<Removed> {
  for await (const line of lines as AsyncIterable<Removed | { type: "error"; error: ErrorBody }>) {
    if (line.type === "error") throw fromErrorBody(line.error);
    yield line;
  }
}

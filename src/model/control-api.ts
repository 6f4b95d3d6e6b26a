import type { Colour } from "./app.ts";
import type { DeploymentKind, LockHolder } from "./deployment.ts";
import type { GatewayStatus } from "./gateway-api.ts";
import type { ReleaseDraft, ReleaseSummary } from "./release.ts";
import type { Route, StreamRoute } from "./route.ts";

/**
 * Control's API: HTTP/1.1 over the unix socket `/run/cutover-control/control.sock`. The CLI reaches it through the
 * volume's directory where it may, else through `exec` of the relay in control's container.
 * Errors are `{error: ErrorBody}` with a 4xx or 5xx status.
 *
 * | request | answer |
 * |---|---|
 * | GET /v1/status | ControlStatus |
 * | GET /v1/apps | {apps: AppSummary[]} |
 * | GET /v1/apps/APP | AppSummary; 404 APP_UNKNOWN |
 * | GET /v1/apps/APP/releases | {releases: ReleaseSummary[]}, newest first |
 * | GET /v1/apps/APP/releases/N | Release, with its model; 404 RELEASE_UNKNOWN |
 * | GET /v1/apps/APP/deployments | {deployments: Deployment[]}, newest first, at most 50 |
 * | POST /v1/apps/APP/deployments, BeginRequest | NDJSON of DeploymentEvent to the outcome; 409 BUSY |
 * | PUT /v1/deployments/ID/release, ReleaseDraft & {force} | ReleaseAccepted; 409 ROUTE_TAKEN, PORT_TAKEN |
 * | POST /v1/deployments/ID/hooks/pre-deploy | {} when they all ended with 0; 409 HOOK_FAILED |
 * | POST /v1/deployments/ID/started | {}: compose has started everything; control owns it from here on |
 * | POST /v1/deployments/ID/abort, {reason, error: ErrorBody \| null} | {}; after the switch it is switched back while the drain lasts; 409 if too late |
 * | GET /v1/deployments/ID/events | NDJSON of DeploymentEvent: all so far, then live to the outcome |
 * | DELETE /v1/apps/APP | NDJSON of {type: "removed", kind, name}; routes first, then what Cutover made; keeps volumes |
 *
 * The stream of POST …/deployments is the CLI's lease: if it closes before `started`, control aborts with
 * CLIENT_GONE and removes all that carries the deployment's label.
 */
export interface ControlStatus {
  version: string;
  startedAt: number;
  engine: { version: string; apiVersion: string };
  gateway: GatewayStatus | null;
}

export interface AppSummary {
  app: string;
  live: ReleaseSummary | null;
  colour: Colour | null;
  /** The fingerprint of the live release; equal means nothing to deploy. */
  fingerprint: string | null;
  /** Image id of each service of the live release. */
  deployment: LockHolder | null;
  routes: Route[];
  /** Connections that are passed on as they are; none when left out. */
  streams?: StreamRoute[];
  services: {
    name: string;
    role: string;
    targets: { id: string; address: string; port: number; state: string }[];
  }[];
}

export interface BeginRequest {
  kind: DeploymentKind;
  /** Rollback: the release to bring back; null takes the one that was live before. */
  release: number | null;
  /** Milliseconds to wait for another deployment's end; 0 refuses at once. */
  waitLockMs: number;
  who: string;
  /** Overrides the release's own ready timeout. */
  readyTimeoutMs: number | null;
}

export interface ReleaseAccepted {
  release: number;
  colour: Colour;
  /** The live release is the same: the deployment has ended with `unchanged`. */
  unchanged: boolean;
}

export type PutReleaseRequest = ReleaseDraft & { force: boolean };

export type ReleaseList = { releases: ReleaseSummary[] };

import type { Role } from "./app.ts";
import type { Check } from "./check.ts";
import type { BackendPolicy, Condition, Listener } from "./route.ts";
import type { Hook, Settings } from "./settings.ts";

/** Where a service's requests come from, before targets are known. */
export interface RouteSpec {
  /** `http`, or the name of a listener in `listeners` of the release. */
  listener: string;
  hosts: string[];
  path: string;
  priority: number;
  /** What else a request must be. */
  when?: Condition;
}

/** Where a service's connections come from, when they are passed on as they are. */
export interface StreamSpec {
  /** Name of a listener in `listeners` of the release. */
  listener: string;
  /** Exact names or `*.example.com` of a `tls` listener; empty means any, also none. */
  serverNames: string[];
}

/** A service that is replaced by a deployment. */
export interface ReleaseService {
  name: string;
  role: Exclude<Role, "backing">;
  replicas: number;
  /** `ref` is Cutover's own tag that keeps the image; `id` is the image's digest in the engine. */
  image: { ref: string; id: string };
  /** Container port that requests go to; null for a worker. */
  port: number | null;
  routes: RouteSpec[];
  /** None when left out. */
  streams?: StreamSpec[];
  /** How the gateway treats its containers; all defaults when left out. */
  policy?: BackendPolicy;
  /** Share of requests of each of its containers; 1 when left out. */
  weight?: number;
  /** Service whose requests its containers take a share of; it has no routes of its own then. */
  sharesWith?: string;
  check: Check | null;
  /** The service defines a Docker health check that is not disabled. */
  hasHealthcheck: boolean;
  /** Compose network key whose address the gateway uses; null: the first bridge network. */
  network: string | null;
}

/** A release before control gives it a number. */
export interface ReleaseDraft {
  app: string;
  /** SHA-256 over everything that makes the colour's containers what they are. */
  fingerprint: string;
  services: ReleaseService[];
  /** Ports published by web services, bound by the gateway. */
  listeners: Listener[];
  /** Services that stay in the base project. */
  backing: string[];
  hooks: Hook[];
  settings: Settings;
  /**
   * The compose model as `docker compose config` resolved it. Holds environment values: it is stored in
   * control's state and given back for a rollback, and never printed.
   */
  model: unknown;
  /** Directory relative paths were resolved against, on the machine of the CLI. */
  projectDirectory: string;
  git: { revision: string; dirty: boolean } | null;
  /** `user@host` of the person who deployed. */
  who: string;
}

export type ReleaseState = "pending" | "live" | "retired" | "refused" | "aborted";

/** Immutable but for its state. */
export interface Release extends ReleaseDraft {
  number: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** What is shown of a release: no model, no environment. */
export interface ReleaseSummary {
  number: number;
  state: ReleaseState;
  createdAt: number;
  liveAt: number | null;
  who: string;
  git: { revision: string; dirty: boolean } | null;
  images: { service: string; id: string }[];
  /** `running`, `stopped` (starts at once on rollback) or `removed` (made again from its image). */
  containers: "running" | "stopped" | "removed";
  /** False when an image of it is gone, so that it can't be brought back. */
  restorable: boolean;
}

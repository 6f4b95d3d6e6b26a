import type { Check } from "../model/check.ts";
import type { RouteSpec, StreamSpec } from "../model/release.ts";
import type { BackendPolicy, Listener } from "../model/route.ts";
import type { Hook, Settings } from "../model/settings.ts";
import type { Refusal, Warning } from "./notice.ts";

/** What a compose file means to Cutover. */
export interface AppDefinition {
  name: string;
  /** Services that a deployment replaces. */
  services: AppService[];
  /** Published ports of web services, which the gateway binds. */
  listeners: Listener[];
  /** Services that stay in the base project. */
  backing: BackingService[];
  hooks: Hook[];
  settings: Settings;
  warnings: Warning[];
  /** Not empty: the app can't be deployed as the file stands; see `refuse`. */
  refusals: Refusal[];
}

/** A `ReleaseService` whose image is not there yet. */
export interface AppService {
  name: string;
  role: "web" | "worker";
  /** For people: the end of the sentence "web because …". */
  reason: string;
  replicas: number;
  port: number | null;
  routes: RouteSpec[];
  /** Where it is there, connections are passed on as they are, and there are no routes. */
  streams?: StreamSpec[];
  /** What the file says of how the gateway is to treat it. */
  policy?: BackendPolicy;
  /** Share of requests of each container against those of services that share with it. */
  weight?: number;
  /** It has no routes of its own: its containers take a share of what goes to that service. */
  sharesWith?: string;
  check: Check | null;
  hasHealthcheck: boolean;
  network: string | null;
  /** The service has a `build` section. */
  build: boolean;
  /** Name under which the engine has the image after build or pull. */
  imageName: string;
  /** Compose's `pull_policy`; null where the file says none. */
  pullPolicy: string | null;
}

export interface BackingService {
  name: string;
  /** For people: the end of the sentence "stays because …". */
  reason: string;
}

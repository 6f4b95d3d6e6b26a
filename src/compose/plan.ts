import { type Colour, otherColour, type Role } from "../model/app.ts";
import type { Listener } from "../model/route.ts";
import type { HookPhase } from "../model/settings.ts";
import type { AppDefinition, AppService, BackingService } from "./app-definition.ts";
import { conditionWords, policyWords } from "./policy-words.ts";
import type { Refusal, Warning } from "./notice.ts";

/**
 * What a deployment would do with a service.
 * - `replace`: a new one starts beside the live one and takes its place
 * - `start`: replaced by deployments, and not in the live release
 * - `create`: stays in the base project, and is not there yet
 * - `keep`: stays in the base project, untouched
 * - `remove`: in the live release but no longer in the file; stops with the old colour
 */
export type PlanAction = "replace" | "start" | "create" | "keep" | "remove";

export interface PlannedService {
  name: string;
  /** Null for a service that is no longer in the file. */
  role: Role | null;
  /** For people: the end of the sentence "web because …". */
  why: string;
  action: PlanAction;
  /** What people will notice of it; null: nothing. */
  interrupts: string | null;
  /** What else is worth knowing, one sentence each. */
  notes: string[];
}

export interface Plan {
  app: string;
  /** The release that serves now; null on a first deployment. */
  live: number | null;
  /** Where the next release will run. */
  colour: Colour;
  services: PlannedService[];
  /** Where the gateway will listen and what leads where. */
  routes: PlannedRoute[];
  hooks: { phase: HookPhase; service: string }[];
  warnings: Warning[];
  /** Not empty: the deployment would be refused. */
  refusals: Refusal[];
}

export interface PlannedRoute {
  service: string;
  listener: string;
  /** Connections of `tcp` and `tls` are passed on as they are. */
  protocol: "http" | "tcp" | "tls";
  /** Server names with `tls`; empty means any. */
  hosts: string[];
  /** Null for connections that are passed on as they are. */
  path: string | null;
  /** What else a request must be, for people; null: nothing. */
  when: string | null;
  port: number | null;
}

/** What runs now, as far as it is known. */
export interface PlanState {
  live: { release: number; colour: Colour; services: readonly string[] } | null;
  /** Containers of the base project; the hash is the label `com.docker.compose.config-hash`. */
  base: readonly { service: string; running: boolean; configHash: string | null }[];
  /** `docker compose config --hash '*'` of the file, by service; tells whether what stays was changed in the file. */
  hashes?: Readonly<Record<string, string>>;
  /** Services named on the command line; the others keep the live release's image. Empty means all. */
  named?: readonly string[];
}

/** What a deployment would do, without doing it. Each service of the file and of the live release stands in it once. */
export function makePlan(app: AppDefinition, state: PlanState): Plan {
  const inFile = new Set([...app.services, ...app.backing].map((service) => service.name));
  const gone = (state.live?.services ?? []).filter((name) => !inFile.has(name));
  return {
    app: app.name,
    live: state.live?.release ?? null,
    colour: state.live ? otherColour(state.live.colour) : "blue",
    services: [
      ...app.services.map((service) => plannedReplaced(service, state)),
      ...app.backing.map((service) => plannedBacking(service, state)),
      ...[...new Set(gone)].map(plannedGone),
    ],
    routes: app.services.flatMap((service) => plannedRoutes(service, app.listeners)),
    hooks: app.hooks.map(({ phase, service }) => ({ phase, service })),
    warnings: app.warnings,
    refusals: app.refusals,
  };
}

function plannedRoutes(service: AppService, listeners: readonly Listener[]): PlannedRoute[] {
  const { name, port, routes, streams = [] } = service;
  return [
    ...routes.map(
      ({ listener, hosts, path, when }): PlannedRoute => ({
        ...{ service: name, listener, protocol: "http", hosts, path, port },
        when: when ? conditionWords(when) : null,
      }),
    ),
    ...streams.map(({ listener, serverNames }): PlannedRoute => {
      const { protocol = "tcp" } = listeners.find((one) => one.name === listener) ?? {};
      return { service: name, listener, protocol, hosts: serverNames, path: null, when: null, port };
    }),
  ];
}

function plannedReplaced(service: AppService, state: PlanState): PlannedService {
  const isLive = state.live?.services.includes(service.name) ?? false;
  const notes: string[] = [];
  if (isLive && state.named && state.named.length > 0 && !state.named.includes(service.name)) {
    notes.push("It was not named and keeps the image of the live release.");
  }
  if (isLive && service.role === "worker")
    notes.push("The old and the new one run at once until the switch is done.");
  if (service.sharesWith !== undefined) {
    const each = `each container with the weight ${service.weight ?? 1}`;
    notes.push(`It takes a share of what goes to ${service.sharesWith}, ${each}.`);
  }
  const words = policyWords(service.policy ?? {});
  if (words.length > 0) notes.push(`The gateway: ${words.join("; ")}.`);
  const plain = state.base.some((one) => one.service === service.name && one.running);
  if (plain) {
    notes.push(
      `It still runs as docker compose started it, and Cutover leaves that one alone. Remove it with \`docker compose rm -sf ${service.name}\`${service.role === "web" ? " first, so that the gateway can have its port" : ""}.`,
    );
  }
  return {
    name: service.name,
    role: service.role,
    why: service.reason,
    action: isLive ? "replace" : "start",
    interrupts: null,
    notes,
  };
}

function plannedBacking(service: BackingService, state: PlanState): PlannedService {
  const there = state.base.find((one) => one.service === service.name);
  const notes: string[] = [];
  const hash = state.hashes?.[service.name];
  if (there?.configHash && hash !== undefined && there.configHash !== hash) {
    notes.push(
      `It was changed in the file, and the change is not applied. \`docker compose up -d ${service.name}\` applies it and interrupts what uses it.`,
    );
  }
  if (there && !there.running) notes.push("It does not run and is started.");
  return {
    name: service.name,
    role: "backing",
    why: service.reason,
    action: there ? "keep" : "create",
    interrupts: null,
    notes,
  };
}

function plannedGone(name: string): PlannedService {
  return {
    name,
    role: null,
    why: "it is no longer in the file",
    action: "remove",
    interrupts: "It stops with the old release, and nothing takes its place.",
    notes: [],
  };
}

import { CutoverError } from "../model/error.ts";
import type { AppDefinition, AppService } from "./app-definition.ts";
import type { Listener } from "../model/route.ts";
import type { ComposeModel, ComposeService } from "./compose-model.ts";
import { readAppExtension, readCheck, readHooks, readServiceExtension, readSettings } from "./extension.ts";
import { invalid } from "./extension-error.ts";
import { serviceImageName } from "./images.ts";
import { didYouMean } from "./nearest.ts";
import type { Refusal } from "./notice.ts";
import { readRefusals } from "./refusals.ts";
import type { ResolvedProject } from "./resolve.ts";
import { type RoleDecision, type ServiceFacts, readRoles } from "./roles.ts";
import { type Routing, readRouting } from "./routing.ts";
import { checkPolicyKeys } from "./policy-check.ts";
import { readPolicy } from "./policy.ts";
import { requireServices } from "./service-name.ts";
import { readUserLabels } from "./service-labels.ts";
import { shareRoutes } from "./sharing.ts";
import type { SourceFile } from "./source-file.ts";
import { readWarnings } from "./warnings.ts";

export interface AppOptions {
  /** `--scale SERVICE=N`; wins over the file. */
  scale?: Readonly<Record<string, number>>;
}

/**
 * What the compose file means: roles, routes, hooks, settings. Pure. Throws EXTENSION_INVALID, LABEL_INVALID and
 * SERVICE_UNKNOWN with the place in the file, and NOTHING_TO_DEPLOY when no service would be replaced. What can't be
 * deployed without downtime is told in `refusals`.
 */
export function readApp(
  project: Pick<ResolvedProject, "model" | "sources">,
  options: AppOptions = {},
): AppDefinition {
  const { model, sources } = project;
  const names = Object.keys(model.services);
  requireServices(Object.keys(options.scale ?? {}), names);
  const extension = readAppExtension(model["x-cutover"], sources);
  const facts: Record<string, ServiceFacts> = {};
  for (const [name, service] of Object.entries(model.services)) {
    facts[name] = {
      extension: readServiceExtension(name, service["x-cutover"], sources),
      labels: readUserLabels(name, service, sources),
    };
  }
  const roles = readRoles(model, facts);
  const app: AppDefinition = {
    name: model.name,
    services: [],
    listeners: [],
    backing: [],
    hooks: [],
    settings: readSettings(extension),
    warnings: readWarnings(model, roles, facts, sources),
    refusals: readRefusals(model, roles, sources),
  };
  for (const [name, service] of Object.entries(model.services)) {
    const decision = roles[name];
    const fact = facts[name];
    if (decision && fact) addService(app, { name, service, decision, fact, model, sources, options });
  }
  app.services = shareRoutes(app.services, sources);
  app.refusals.push(...doubleRoutes(app.services));
  const web = app.services.filter((service) => service.role === "web").map((service) => service.name);
  const replaced = app.services.map((service) => service.name);
  app.hooks = readHooks(extension, { known: names, replaced, web }, sources);
  if (app.services.length === 0 && app.refusals.length === 0) throw nothingToDeploy(app);
  return app;
}

interface Reading {
  name: string;
  service: ComposeService;
  decision: RoleDecision;
  fact: ServiceFacts;
  model: ComposeModel;
  sources: readonly SourceFile[];
  options: AppOptions;
}

function addService(app: AppDefinition, reading: Reading): void {
  const { name, service, decision, fact, sources, options } = reading;
  checkPolicyKeys(name, fact, decision.role, sources);
  if (decision.role === "backing") {
    app.backing.push({ name, reason: decision.reason });
    return;
  }
  const replicas = options.scale?.[name] ?? replicasOf(service);
  if (replicas === 0) {
    const message = `Service "${name}" has no replicas and is left out.`;
    app.warnings.push({ code: "NO_REPLICAS", message, where: null });
    return;
  }
  let routing: Routing | null = null;
  if (decision.role === "web") {
    routing = readRouting(name, service, fact, sources);
    app.warnings.push(...routing.warnings);
    app.refusals.push(...routing.refusals);
    for (const listener of routing.listeners) {
      const other = app.listeners.find((one) => one.name === listener.name);
      if (!other) app.listeners.push(listener);
      else app.refusals.push(...otherProtocol(name, listener, other));
    }
  }
  const check = routing ? readCheck(fact.extension, routing.firstHost) : null;
  const { weight } = fact.extension;
  const policy = check ? readPolicy(fact.extension, check) : null;
  app.services.push({
    name,
    role: decision.role,
    reason: decision.reason,
    replicas,
    port: routing?.port ?? null,
    routes: routing?.routes ?? [],
    ...(routing && routing.streams.length > 0 ? { streams: routing.streams } : {}),
    ...(policy ? { policy } : {}),
    ...(weight === undefined ? {} : { weight: Number(weight) }),
    check,
    hasHealthcheck: hasHealthcheck(service),
    network: networkOf(reading),
    build: service.build !== undefined,
    imageName: serviceImageName(reading.model, name),
    pullPolicy: service.pull_policy ?? null,
  });
}

/** Replicas that the file asks for; `mode: global` on one engine is one. */
export function replicasOf(service: ComposeService): number {
  if (service.deploy?.mode === "global") return 1;
  return service.scale ?? service.deploy?.replicas ?? 1;
}

/** True when the file defines a Docker health check that is not disabled. */
export function hasHealthcheck(service: ComposeService): boolean {
  const test = service.healthcheck?.test;
  if (service.healthcheck?.disable === true || test === undefined) return false;
  return (Array.isArray(test) ? test[0] : test) !== "NONE" && test.length > 0;
}

function networkOf({ name, service, fact, sources }: Reading): string | null {
  const network = fact.extension.network;
  if (network === undefined) return null;
  const known = Object.keys(service.networks ?? {});
  if (known.includes(network)) return network;
  const path = ["services", name, "x-cutover", "network"];
  throw invalid(
    `Service "${name}" is not on a network "${network}".${didYouMean(network, known)}`,
    path,
    "value",
    sources,
  );
}

/** One port can't be spoken to in two ways. */
function otherProtocol(name: string, listener: Listener, other: Listener): Refusal[] {
  const { protocol = "http" } = listener;
  if ((other.protocol ?? "http") === protocol && other.kernel === listener.kernel) return [];
  const message = `Service "${name}" publishes ${listener.name.replace(":", " ")} for ${protocol}, and another service for ${other.protocol ?? "http"}.`;
  return [{ code: "ROUTE_TAKEN", message, where: null }];
}

/** Two services of the app that the same requests or connections would go to. */
function doubleRoutes(services: readonly AppService[]): Refusal[] {
  const taken = new Map<string, string>();
  const refusals: Refusal[] = [];
  for (const service of services) {
    for (const [key, shown] of rulesOf(service)) {
      const other = taken.get(key);
      if (other !== undefined && other !== service.name) {
        const message = `Services "${other}" and "${service.name}" are served under the same name: ${shown}. Give one a host or path of its own.`;
        refusals.push({ code: "ROUTE_TAKEN", message, where: null });
      }
      taken.set(key, service.name);
    }
  }
  return refusals;
}

/** What leads to a service: as a key that is equal for equal rules, and for people. */
function rulesOf({ routes, streams = [] }: AppService): [key: string, shown: string][] {
  return [
    ...routes.flatMap(({ listener, hosts, path, priority, when }) =>
      (hosts.length > 0 ? hosts : ["any host"]).map((host): [string, string] => {
        const shown = `${host}, path ${path}, ${listener}`;
        return [`${shown} ${priority} ${JSON.stringify(when ?? null)}`, shown];
      }),
    ),
    ...streams.flatMap(({ listener, serverNames }) =>
      (serverNames.length > 0 ? serverNames : ["any host"]).map((name): [string, string] => {
        const shown = `${name}, ${listener}`;
        return [shown, shown];
      }),
    ),
  ];
}

function nothingToDeploy(app: AppDefinition): CutoverError {
  return new CutoverError("NOTHING_TO_DEPLOY", "No service in the file is replaced by a deployment.", {
    details: app.backing.map(({ name, reason }) => `${name} stays: ${reason}`),
  });
}

import { type Colour, colourProject, colourService } from "../model/app.ts";
import { label } from "../model/labels.ts";
import type { ReleaseService } from "../model/release.ts";
import type { Hook } from "../model/settings.ts";
import { type OwnNetwork, colourNetworks, colourServiceNetworks, ownNetworks } from "./colour-networks.ts";
import { type ComposeModel, type ComposeService, resourceName } from "./compose-model.ts";
import { hookServiceName, hookService } from "./hook-service.ts";

/** What a colour's project is made of. */
export interface ColourInput {
  /** The resolved model of the app; its name is the app's. */
  model: ComposeModel;
  colour: Colour;
  release: number;
  deployment: string;
  /** Name of the Cutover installation, for the labels. */
  instance: string;
  /** The services that are replaced. */
  services: readonly Pick<ReleaseService, "name" | "role" | "replicas" | "image">[];
  hooks: readonly Hook[];
}

/** Names in a colour's file, for compose's command line. */
export interface ColourServices {
  /** Compose project: `shop-green`. */
  project: string;
  /** Services to start with `up -d`. */
  start: string[];
  /** Services of hooks, which are created with the others and started by control; each runs once. */
  hooks: string[];
}

/** Names of the services in the file that `colourProjectFile` makes of the same input. */
export function colourServices(
  input: Pick<ColourInput, "model" | "colour" | "services" | "hooks">,
): ColourServices {
  return {
    project: colourProject(input.model.name, input.colour),
    start: input.services.map((service) => colourService(service.name, input.colour)),
    hooks: input.hooks.map((hook) => hookServiceName(hook, input.colour)),
  };
}

/**
 * The compose project of one colour, as a value to be written as JSON (which is YAML) and given to compose with `-f -`.
 * Services are called `web-green` and answer to `web` only on the colour's own networks; images are the release's
 * and never pulled or built; networks and volumes are the base project's; nothing is published.
 */
export function colourProjectFile(input: ColourInput): object {
  const { model, colour } = input;
  const names = input.services.map((service) => service.name);
  const own = ownNetworks(model, names, colour);
  const labels = commonLabels(input);
  const services: Record<string, ComposeService> = {};
  for (const service of input.services) {
    const definition = model.services[service.name];
    if (!definition) continue;
    services[colourService(service.name, colour)] = {
      ...colourDefinition(definition, names, input, own, service.name),
      image: service.image.ref,
      pull_policy: "never",
      deploy: { ...replicated(definition), replicas: service.replicas },
      labels: { ...userLabels(definition), ...labels, ...serviceLabels(service.name, service.role) },
    };
  }
  for (const hook of input.hooks) {
    const source = services[colourService(hook.service, colour)];
    if (source) services[hookServiceName(hook, colour)] = hookService(hook, source, services, own);
  }
  const all = Object.values(services);
  return {
    name: colourProject(model.name, colour),
    services,
    networks: colourNetworks(model, usedNetworks(all), own, labels),
    volumes: externalVolumes(model, all),
    secrets: picked(model.secrets, usedSources(all, "secrets")),
    configs: picked(model.configs, usedSources(all, "configs")),
  };
}

/** Keys that belong to the base project, to compose's own build and watch, or that are said anew for a colour. */
const dropped = [
  "build",
  "container_name",
  "depends_on",
  "develop",
  "env_file",
  "extends",
  "hostname",
  "ipc",
  "links",
  "network_mode",
  "networks",
  "pid",
  "ports",
  "profiles",
  "restart",
  "scale",
  "volumes_from",
  "x-cutover",
];

function colourDefinition(
  definition: ComposeService,
  names: readonly string[],
  { model, colour }: ColourInput,
  own: readonly OwnNetwork[],
  name: string,
): ComposeService {
  const inside = (other: string): string => (names.includes(other) ? colourService(other, colour) : other);
  const space = (mode: string | undefined): string | undefined =>
    mode?.startsWith("service:") ? `service:${inside(mode.slice("service:".length))}` : mode;
  const renamed: Record<string, unknown> = {
    hostname: definition.hostname === undefined ? undefined : `${definition.hostname}-${colour}`,
    network_mode: space(definition.network_mode),
    pid: space(definition.pid),
    ipc: space(definition.ipc),
    networks: definition.network_mode === undefined ? colourServiceNetworks(model, name, own) : undefined,
    links: colourLinks(definition.links, names, colour),
    volumes_from: definition.volumes_from?.map((from) => renamedSource(from, inside)),
    depends_on: colourDependencies(definition.depends_on, names, colour),
    restart: colourRestart(definition),
  };
  const kept = Object.entries(definition).filter(([key]) => !dropped.includes(key));
  return Object.fromEntries([...kept, ...Object.entries(renamed).filter(([, value]) => value !== undefined)]);
}

function colourLinks(
  links: string[] | undefined,
  names: readonly string[],
  colour: Colour,
): string[] | undefined {
  const inside = (links ?? [])
    .map((link) => link.split(":"))
    .filter(([target]) => target !== undefined && names.includes(target))
    .map(([target = "", alias]) => `${colourService(target, colour)}:${alias ?? target}`);
  return inside.length > 0 ? inside : undefined;
}

function renamedSource(from: string, inside: (name: string) => string): string {
  if (from.startsWith("container:")) return from;
  const [service = "", ...mode] = from.split(":");
  return [inside(service), ...mode].join(":");
}

function colourDependencies(
  dependencies: ComposeService["depends_on"],
  names: readonly string[],
  colour: Colour,
): ComposeService["depends_on"] {
  const inside = Object.entries(dependencies ?? {}).filter(([other]) => names.includes(other));
  if (inside.length === 0) return undefined;
  return Object.fromEntries(inside.map(([other, how]) => [colourService(other, colour), how]));
}

/**
 * `always` would start a stopped container again when the engine starts, and the stopped one is the old release:
 * `unless-stopped` does the same for one that was not stopped.
 */
function colourRestart(definition: ComposeService): string | undefined {
  if (definition.restart !== undefined)
    return definition.restart === "always" ? "unless-stopped" : definition.restart;
  const policy = definition.deploy?.restart_policy;
  if (policy === undefined) return undefined;
  const condition = policy.condition ?? "any";
  return condition === "any" || condition === "always" ? "unless-stopped" : undefined;
}

function replicated(definition: ComposeService): NonNullable<ComposeService["deploy"]> {
  const { mode: _mode, replicas: _replicas, ...deploy } = definition.deploy ?? {};
  return deploy;
}

/** The user's labels. Traefik's are left out: two colours under one router name take the router away from both. */
function userLabels(definition: ComposeService): Record<string, string> {
  return Object.fromEntries(
    Object.entries(definition.labels ?? {}).filter(([key]) => !key.startsWith("traefik.")),
  );
}

function commonLabels(input: ColourInput): Record<string, string> {
  return {
    [label.instance]: input.instance,
    [label.app]: input.model.name,
    [label.colour]: input.colour,
    [label.release]: String(input.release),
    [label.deployment]: input.deployment,
  };
}

function serviceLabels(service: string, role: string): Record<string, string> {
  return { [label.service]: service, [label.role]: role };
}

function usedNetworks(services: readonly ComposeService[]): string[] {
  return [...new Set(services.flatMap((service) => Object.keys(service.networks ?? {})))];
}

function externalVolumes(model: ComposeModel, services: readonly ComposeService[]): Record<string, object> {
  const mounts = services.flatMap((service) => service.volumes ?? []);
  const keys = mounts.flatMap((mount) => (mount.type === "volume" && mount.source ? [mount.source] : []));
  return Object.fromEntries(
    [...new Set(keys)].map((key) => [key, { name: resourceName(model, "volumes", key), external: true }]),
  );
}

function usedSources(services: readonly ComposeService[], kind: "secrets" | "configs"): string[] {
  const grants = services.flatMap((service) => (Array.isArray(service[kind]) ? service[kind] : []));
  return grants.flatMap((grant: unknown) =>
    typeof grant === "object" && grant !== null && "source" in grant ? [String(grant.source)] : [],
  );
}

function picked(all: ComposeModel["secrets"], keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all ?? {}).filter(([key]) => keys.includes(key)));
}

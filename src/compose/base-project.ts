import { serviceNetworks } from "./colour-networks.ts";
import { jobs } from "./roles.ts";
import { type ComposeModel, type ComposeService, resourceName } from "./compose-model.ts";

/** What the base project is made of. */
export interface BaseInput {
  model: ComposeModel;
  /** Services that stay. */
  backing: readonly string[];
  /** Services that a colour replaces: their networks and volumes are the base project's. */
  replaced: readonly string[];
}

/** Name of the service without a container by which compose makes the networks and volumes that only colours use. */
export const placeholderService = "cutover-base";

/**
 * The base project, as a value to be written as JSON and given to `docker compose -f - up -d --no-recreate`. Services
 * that stay, networks and volumes are exactly what they are in the user's file, with no label of Cutover's: compose
 * keeps a hash of each definition, and one that differed would make the user's own `docker compose up` recreate it.
 */
export function baseProjectFile(input: BaseInput): ComposeModel {
  const { model, backing } = input;
  const services: Record<string, ComposeService> = {};
  for (const name of backing) {
    const service = model.services[name];
    if (service) services[name] = withoutReplaced(service, backing);
  }
  services[placeholderService] = placeholder(input);
  return { ...model, services };
}

/**
 * A definition that waits for and links to no service that is not in the base project, and that no profile hides:
 * the model has only the services of the profiles that were asked for.
 */
function withoutReplaced(service: ComposeService, backing: readonly string[]): ComposeService {
  const { depends_on: dependencies, links, profiles: _, ...rest } = service;
  const kept = Object.entries(dependencies ?? {}).filter(([other]) => backing.includes(other));
  const linked = links?.filter((link) => backing.includes(link.split(":")[0] ?? ""));
  return {
    ...rest,
    ...(kept.length > 0 ? { depends_on: Object.fromEntries(kept) } : {}),
    ...(linked && linked.length > 0 ? { links: linked } : {}),
  };
}

function placeholder({ model, replaced }: BaseInput): ComposeService {
  const networks = [...new Set(replaced.flatMap((name) => serviceNetworks(model, name)))];
  const volumes = colourVolumes(model, replaced);
  return {
    image: "none/none",
    pull_policy: "never",
    scale: 0,
    ...(networks.length > 0
      ? { networks: Object.fromEntries(networks.map((key) => [key, null])) }
      : { network_mode: "none" }),
    volumes: volumes.map((source, index) => ({ type: "volume", source, target: `/volume-${index}` })),
  };
}

function colourVolumes(model: ComposeModel, services: readonly string[]): string[] {
  const mounts = services.flatMap((name) => model.services[name]?.volumes ?? []);
  return [
    ...new Set(mounts.flatMap((mount) => (mount.type === "volume" && mount.source ? [mount.source] : []))),
  ];
}

/** What must be in the engine before a colour can start. */
export interface BaseNeeds {
  /** Compose project of the base. */
  project: string;
  /** Services that must run. */
  services: string[];
  /** Services that end by themselves, because others wait for their end: a container in any state will do. */
  jobs: string[];
  /** Names of networks in the engine. External ones are the user's to make, and are not listed. */
  networks: string[];
  /** Names of volumes in the engine. */
  volumes: string[];
  /** Services that a replaced one waits for with `condition: service_healthy`. */
  healthy: string[];
}

/** What the base project must have in the engine, so that compose need not be run when it is all there. */
export function baseNeeds(input: BaseInput): BaseNeeds {
  const { model, backing, replaced } = input;
  const all = [...backing, ...replaced];
  const own = (kind: "networks" | "volumes", keys: readonly string[]): string[] =>
    [...new Set(keys)]
      .filter((key) => model[kind]?.[key]?.external !== true)
      .map((key) => resourceName(model, kind, key));
  const waitedFor = replaced.flatMap((name) =>
    Object.entries(model.services[name]?.depends_on ?? {})
      .filter(([other, how]) => how.condition === "service_healthy" && backing.includes(other))
      .map(([other]) => other),
  );
  const present = backing.filter((name) => needsContainer(model.services[name]));
  const ending = jobs(model);
  return {
    project: model.name,
    services: present.filter((name) => !ending.has(name)),
    jobs: present.filter((name) => ending.has(name)),
    networks: own(
      "networks",
      all.flatMap((name) => serviceNetworks(model, name)),
    ),
    volumes: own("volumes", colourVolumes(model, all)),
    healthy: [...new Set(waitedFor)],
  };
}

function needsContainer(service: ComposeService | undefined): boolean {
  return service !== undefined && service.scale !== 0 && service.deploy?.replicas !== 0;
}

/** What the engine has, as its lists tell. */
export interface BaseState {
  /** Containers in any state, by their labels `com.docker.compose.project` and `com.docker.compose.service`. */
  containers: readonly { project: string; service: string; running: boolean }[];
  networks: readonly string[];
  volumes: readonly string[];
}

/** What of the needs is missing, in words for people; empty when compose need not be run. */
export function missingFromBase(needs: BaseNeeds, state: BaseState): string[] {
  const there = state.containers.filter((one) => one.project === needs.project);
  return [
    ...needs.services
      .filter((name) => !there.some((one) => one.service === name && one.running))
      .map((name) => `service ${name}`),
    ...needs.jobs
      .filter((name) => !there.some((one) => one.service === name))
      .map((name) => `service ${name}`),
    ...needs.networks.filter((name) => !state.networks.includes(name)).map((name) => `network ${name}`),
    ...needs.volumes.filter((name) => !state.volumes.includes(name)).map((name) => `volume ${name}`),
  ];
}

import type { Role } from "../model/app.ts";
import type { ComposeModel, ComposeService } from "./compose-model.ts";
import type { ServiceExtension } from "./extension-schema.ts";
import { isTrue } from "./schema-parts.ts";
import { isDockerProxy, storeKind } from "./known-images.ts";
import { type UserLabels, asksForRoute, traefikLabels } from "./service-labels.ts";

export interface RoleDecision {
  role: Role;
  /** For people: the end of the sentence "web because …". */
  reason: string;
  /** Said in the file, not told from it. */
  said: boolean;
  /** The service would be replaced but for this. */
  keptBy: "volume" | "port" | "traefik" | null;
}

export interface ServiceFacts {
  extension: ServiceExtension;
  labels: UserLabels;
}

/**
 * The role of every service, told in this order: `x-cutover`, routing labels, what can't be twice (a known store, a
 * network of the host, a volume it writes, a UDP port, a job), a published port; what is left is a worker. A service
 * that shares a namespace or volumes with one that stays, stays with it.
 */
export function readRoles(
  model: ComposeModel,
  facts: Readonly<Record<string, ServiceFacts>>,
): Record<string, RoleDecision> {
  const ending = jobs(model);
  const roles: Record<string, RoleDecision> = {};
  for (const [name, service] of Object.entries(model.services)) {
    const fact = facts[name];
    roles[name] = (fact && saidRole(fact)) ?? toldRole(service, ending.has(name));
  }
  return followSharers(model, roles);
}

function saidRole({ extension, labels }: ServiceFacts): RoleDecision | null {
  const said = (role: Role, reason: string): RoleDecision => ({ role, reason, said: true, keptBy: null });
  if (extension.role !== undefined) return said(extension.role, `x-cutover says \`role: ${extension.role}\``);
  if (isTrue(extension.keep)) return said("backing", "x-cutover says `keep: true`");
  const { host, path, port, protocol } = extension;
  if ([host, path, port, protocol].some((key) => key !== undefined)) {
    return said("web", "x-cutover says where it is served");
  }
  return asksForRoute(labels) ? said("web", "it has cutover labels") : null;
}

function toldRole(service: ComposeService, isJob: boolean): RoleDecision {
  const told = (role: Role, reason: string, keptBy: RoleDecision["keptBy"] = null): RoleDecision => ({
    role,
    reason,
    said: false,
    keptBy,
  });
  const kind = storeKind(service.image);
  if (kind && service.build === undefined) return told("backing", `its image is a known ${kind}`);
  if (isDockerProxy(service.image)) return told("backing", "its image is a reverse proxy of its own");
  if (isJob) return told("backing", "it ends by itself and others wait for its end");
  const mode = service.network_mode ?? "";
  if (mode === "host") return told("backing", "it uses the host's network, where two can't have one port");
  if (mode.startsWith("container:")) return told("backing", "it shares the network of a container");
  const publishes = publishedTcp(service);
  const volume = writtenVolumes(service)[0];
  if (volume !== undefined) {
    // A database built here, without a port, is what it seems; a warning on each deployment would be noise.
    const looksReplaceable = publishes || (service.build !== undefined && (service.expose ?? []).length > 0);
    return told("backing", `it writes the volume "${volume}"`, looksReplaceable ? "volume" : null);
  }
  const udp = service.ports?.find((port) => port.protocol === "udp");
  if (udp) return told("backing", `it publishes the UDP port ${udp.published ?? udp.target}`, "port");
  if (publishes) return told("web", `it publishes the port ${publishes}`);
  if (traefikLabels(service).length > 0)
    return told("backing", "only Traefik's labels say where it is served", "traefik");
  const bind = service.build === undefined ? writtenBinds(service)[0] : undefined;
  if (bind !== undefined)
    return told("backing", `it writes the directory ${bind} and is not built here`, null);
  return told("worker", "it publishes no port and writes no volume");
}

/** Services that end by themselves: others wait for `service_completed_successfully` of them. */
export function jobs(model: ComposeModel): Set<string> {
  const names = Object.values(model.services).flatMap((service) =>
    Object.entries(service.depends_on ?? {})
      .filter(([, how]) => how.condition === "service_completed_successfully")
      .map(([name]) => name),
  );
  return new Set(names);
}

/** Services that share a namespace or volumes with a service that stays are kept with it, unless the file says otherwise. */
function followSharers(
  model: ComposeModel,
  roles: Record<string, RoleDecision>,
): Record<string, RoleDecision> {
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, service] of Object.entries(model.services)) {
      const own = roles[name];
      if (!own || own.said || own.role === "backing") continue;
      const host = sharedWith(service).find((other) => roles[other]?.role === "backing");
      if (host === undefined) continue;
      roles[name] = {
        ...own,
        role: "backing",
        reason: `it shares a namespace or volumes with ${host}, which stays`,
      };
      changed = true;
    }
  }
  return roles;
}

/** Services whose network, process or IPC namespace or volumes this one uses. */
export function sharedWith(service: ComposeService): string[] {
  const spaces = [service.network_mode, service.pid, service.ipc]
    .filter((mode) => mode?.startsWith("service:"))
    .map((mode) => mode?.slice("service:".length) ?? "");
  const volumes = (service.volumes_from ?? [])
    .filter((from) => !from.startsWith("container:"))
    .map((from) => from.split(":")[0] ?? "");
  return [...new Set([...spaces, ...volumes])];
}

/** The first published TCP port as text, or null. */
function publishedTcp(service: ComposeService): string | null {
  const port = service.ports?.find((one) => (one.protocol ?? "tcp") === "tcp");
  return port ? String(port.published ?? port.target) : null;
}

/** Keys of the named volumes that a service may write. */
export function writtenVolumes(service: ComposeService): string[] {
  return (service.volumes ?? [])
    .filter((mount) => mount.type === "volume" && mount.source !== undefined && mount.read_only !== true)
    .map((mount) => mount.source ?? "");
}

/** Directories of the machine that a service may write; sockets are not counted. */
export function writtenBinds(service: ComposeService): string[] {
  return (service.volumes ?? [])
    .filter((mount) => mount.type === "bind" && mount.read_only !== true && !mount.source?.endsWith(".sock"))
    .map((mount) => mount.source ?? "");
}

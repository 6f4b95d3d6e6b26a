import { CutoverError } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { Release, ReleaseService } from "../model/release.ts";
import type { Backend, Listener, Route, StreamRoute, Target } from "../model/route.ts";
import { backendId, httpListener } from "../model/route.ts";
import type { AppRoutes, ContainerState } from "./ports.ts";

/**
 * The address requests for a service reach a container by: on the network the service names, else on the first bridge
 * network by name, else on any. Null while it has none.
 */
export function targetOf(container: ContainerState, service: ReleaseService): Target | null {
  if (service.port === null) return null;
  const addressed = container.networks
    .filter((network) => network.address !== "")
    .sort((a, b) => a.name.localeCompare(b.name));
  const network =
    addressed.find(
      (n) =>
        service.network !== null && (n.name === service.network || n.name.endsWith(`_${service.network}`)),
    ) ??
    addressed.find((n) => n.driver === "bridge") ??
    addressed[0];
  if (!network) return null;
  return { id: container.id, address: network.address, port: service.port };
}

/**
 * All routes of an app for one release, leading to the given targets, which stand by the name of their service. A published port that is the gateway's own HTTP
 * port is served there; a stream can't be (see `requireOwnPorts`) and is left out.
 */
export function appRoutes(
  release: Release,
  targets: ReadonlyMap<string, Target[]>,
  gatewayPort: number | null,
): AppRoutes {
  const listeners = release.listeners.filter((listener) => !isGatewayPort(listener, gatewayPort));
  const isOwn = (name: string) => listeners.some((listener) => listener.name === name);
  const web = release.services.filter((service) => service.role === "web");
  const targetsOf = ({ name, weight }: ReleaseService): Target[] =>
    (targets.get(name) ?? []).map((target) => (weight === undefined ? target : { ...target, weight }));
  const owners = web.filter((service) => service.sharesWith === undefined);
  const backends: Backend[] = owners.map((service) => ({
    id: backendId(release.app, service.name, release.number),
    app: release.app,
    service: service.name,
    release: release.number,
    targets: [service, ...web.filter((other) => other.sharesWith === service.name)].flatMap(targetsOf),
    ...(service.policy ? { policy: service.policy } : {}),
  }));
  const routes: Route[] = web.flatMap((service) =>
    service.routes.map((spec, index) => ({
      id: `${release.app}/${service.name}/${index}`,
      app: release.app,
      listener: isOwn(spec.listener) ? spec.listener : httpListener,
      hosts: spec.hosts,
      path: spec.path,
      priority: spec.priority,
      ...(spec.when ? { when: spec.when } : {}),
      backend: backendId(release.app, service.name, release.number),
    })),
  );
  const streams: StreamRoute[] = web.flatMap((service) =>
    (service.streams ?? [])
      .map((spec, index) => ({
        id: `${release.app}/${service.name}/stream/${index}`,
        app: release.app,
        listener: spec.listener,
        serverNames: spec.serverNames,
        backend: backendId(release.app, service.name, release.number),
      }))
      .filter((stream) => isOwn(stream.listener)),
  );
  return { listeners, routes, ...(streams.length > 0 ? { streams } : {}), backends };
}

/** HTTP on an address of its own may have the number of the gateway's port; connections of another kind may not. */
function isGatewayPort(listener: Listener, gatewayPort: number | null): boolean {
  return (listener.host === null || !isHttp(listener)) && listener.port === gatewayPort;
}

/** @throws CutoverError PORT_TAKEN for a port of connections that is the gateway's own, where it speaks HTTP */
export function requireOwnPorts(listeners: readonly Listener[], gatewayPort: number | null): void {
  const taken = listeners.find((listener) => !isHttp(listener) && isGatewayPort(listener, gatewayPort));
  if (!taken) return;
  throw new CutoverError(
    "PORT_TAKEN",
    `Port ${taken.port} is the gateway's own for HTTP, and the app publishes it for ${taken.protocol}.`,
    { hint: "Publish another port, or move the gateway's own with `cutover up --http-port`." },
  );
}

function isHttp({ protocol = "http" }: Listener): boolean {
  return protocol === "http";
}

/** The service a container belongs to; undefined for hooks and for what the release does not know. */
export function serviceOf(container: ContainerState, release: Release): ReleaseService | undefined {
  if (container.labels[label.role] === "hook") return undefined;
  return release.services.find((service) => service.name === container.labels[label.service]);
}

/** @throws CutoverError ROUTE_TAKEN naming the app that one of these routes, streams or ports belongs to */
export function requireFree(mine: AppRoutes, others: Map<string, AppRoutes>): void {
  const conflict = routeConflict(mine, others);
  if (!conflict) return;
  throw new CutoverError("ROUTE_TAKEN", `${conflict.what} belongs to app ${conflict.owner}`);
}

/** What of another app stands in the way of these routes, for people, or null. */
export function routeConflict(
  mine: AppRoutes,
  others: Map<string, AppRoutes>,
): { what: string; owner: string } | null {
  for (const [owner, theirs] of others) {
    const what = takenRoute(mine, theirs) ?? takenListener(mine, theirs) ?? takenStream(mine, theirs);
    if (what !== null) return { what, owner };
  }
  return null;
}

function takenRoute(mine: AppRoutes, theirs: AppRoutes): string | null {
  const route = mine.routes.find((one) => theirs.routes.some((other) => sameRule(one, other)));
  return route ? `${anyOf(route.hosts)}${route.path} on listener ${route.listener}` : null;
}

/** A port of plain connections has one owner; others may share one for HTTP, or one for TLS. */
function takenListener(mine: AppRoutes, theirs: AppRoutes): string | null {
  const listener = mine.listeners.find((one) => {
    const other = theirs.listeners.find((candidate) => candidate.name === one.name);
    if (!other) return false;
    const { protocol = "http" } = one;
    return protocol === "tcp" || protocol !== (other.protocol ?? "http");
  });
  return listener ? `listener ${listener.name}` : null;
}

function takenStream(mine: AppRoutes, theirs: AppRoutes): string | null {
  const stream = mine.streams?.find((one) =>
    theirs.streams?.some(
      (other) => one.listener === other.listener && overlap(one.serverNames, other.serverNames),
    ),
  );
  return stream ? `${anyOf(stream.serverNames)} on listener ${stream.listener}` : null;
}

function anyOf(hosts: readonly string[]): string {
  return hosts.length > 0 ? hosts.join(", ") : "any host";
}

function sameRule(a: Route, b: Route): boolean {
  if (a.listener !== b.listener || a.path !== b.path || a.priority !== b.priority) return false;
  return sameCondition(a, b) && overlap(a.hosts, b.hosts);
}

function sameCondition(a: Route, b: Route): boolean {
  return JSON.stringify(a.when ?? null) === JSON.stringify(b.when ?? null);
}

/** Whether two lists have a name in common; empty ones are both any. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return a.length === b.length;
  return a.some((name) => b.includes(name));
}

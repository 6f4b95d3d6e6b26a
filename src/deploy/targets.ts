import { CutoverError } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { Release, ReleaseService } from "../model/release.ts";
import type { Backend, Listener, Route, Target } from "../model/route.ts";
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

/** All routes of an app for one release, leading to the given targets. */
export function appRoutes(
  release: Release,
  targets: Map<string, Target[]>,
  gatewayPort: number | null,
): AppRoutes {
  const listeners = release.listeners.filter((listener) => !isGatewayPort(listener, gatewayPort));
  const web = release.services.filter((service) => service.role === "web");
  const backends: Backend[] = web.map((service) => ({
    id: backendId(release.app, service.name, release.number),
    app: release.app,
    service: service.name,
    release: release.number,
    targets: targets.get(service.name) ?? [],
  }));
  const routes: Route[] = web.flatMap((service) =>
    service.routes.map((spec, index) => ({
      id: `${release.app}/${service.name}/${index}`,
      app: release.app,
      listener: listeners.some((listener) => listener.name === spec.listener) ? spec.listener : httpListener,
      hosts: spec.hosts,
      path: spec.path,
      priority: spec.priority,
      backend: backendId(release.app, service.name, release.number),
    })),
  );
  return { listeners, routes, backends };
}

function isGatewayPort(listener: Listener, gatewayPort: number | null): boolean {
  return listener.host === null && listener.port === gatewayPort;
}

/** The service a container belongs to; undefined for hooks and for what the release does not know. */
export function serviceOf(container: ContainerState, release: Release): ReleaseService | undefined {
  if (container.labels[label.role] === "hook") return undefined;
  return release.services.find((service) => service.name === container.labels[label.service]);
}

/** @throws CutoverError ROUTE_TAKEN naming the app that one of these routes belongs to */
export function requireFree(mine: AppRoutes, others: Map<string, AppRoutes>): void {
  const conflict = routeConflict(mine, others);
  if (!conflict) return;
  const { route, owner } = conflict;
  const host = route.hosts.length > 0 ? route.hosts.join(", ") : "any host";
  throw new CutoverError(
    "ROUTE_TAKEN",
    `${host}${route.path} on listener ${route.listener} belongs to app ${owner}`,
  );
}

/** The route of another app that stands in the way of one of these, or null. */
export function routeConflict(
  mine: AppRoutes,
  others: Map<string, AppRoutes>,
): { route: Route; owner: string } | null {
  for (const [owner, theirs] of others) {
    for (const route of mine.routes) {
      for (const taken of theirs.routes) {
        if (sameRule(route, taken)) return { route, owner };
      }
    }
  }
  return null;
}

function sameRule(a: Route, b: Route): boolean {
  if (a.listener !== b.listener || a.path !== b.path || a.priority !== b.priority) return false;
  if (a.hosts.length === 0 || b.hosts.length === 0) return a.hosts.length === b.hosts.length;
  return a.hosts.some((host) => b.hosts.includes(host));
}

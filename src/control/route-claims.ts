import type { GatewayBalancer } from "../balancers/gateway.ts";
import { appRoutes, routeConflict } from "../deploy/targets.ts";
import { CutoverError } from "../model/error.ts";
import type { Release } from "../model/release.ts";

/**
 * Before anything starts: no other app has these routes, and the gateway can bind the ports.
 * @throws CutoverError ROUTE_TAKEN naming the owner, PORT_TAKEN
 */
export async function checkClaims(
  balancer: GatewayBalancer,
  release: Release,
  gatewayPort: number | null,
): Promise<void> {
  const mine = appRoutes(release, new Map(), gatewayPort);
  const others = balancer.routes();
  others.delete(release.app);
  const conflict = routeConflict(mine, others);
  if (conflict) {
    const { route, owner } = conflict;
    const host = route.hosts.length > 0 ? route.hosts.join(", ") : "any host";
    throw new CutoverError(
      "ROUTE_TAKEN",
      `${host}${route.path} on listener ${route.listener} belongs to app ${owner}`,
    );
  }
  await balancer.checkListeners(mine.listeners);
}

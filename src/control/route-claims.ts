import type { GatewayBalancer } from "../balancers/gateway.ts";
import { appRoutes, requireFree, requireOwnPorts } from "../deploy/targets.ts";
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
  requireOwnPorts(release.listeners, gatewayPort);
  const mine = appRoutes(release, new Map(), gatewayPort);
  const others = balancer.routes();
  others.delete(release.app);
  requireFree(mine, others);
  await balancer.checkListeners(mine.listeners);
}

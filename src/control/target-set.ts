import type { AppRoutes } from "../deploy/ports.ts";

/** True when both lead to the same targets by the same routes, in whatever order. */
export function sameTargets(a: AppRoutes, b: AppRoutes): boolean {
  return canonical(a) === canonical(b);
}

function canonical(routes: AppRoutes): string {
  const byId = (x: { id: string }, y: { id: string }) => x.id.localeCompare(y.id);
  const backends = routes.backends
    .map((backend) => ({
      ...backend,
      targets: [...backend.targets].sort(byId),
    }))
    .sort(byId);
  const sorted = [...routes.routes].sort(byId);
  const streams = [...(routes.streams ?? [])].sort(byId);
  return JSON.stringify([routes.listeners, sorted, streams, backends]);
}

import type { AppRoutes } from "../deploy/ports.ts";

/** True when both lead to the same targets by the same routes, in whatever order. */
export function sameTargets(a: AppRoutes, b: AppRoutes): boolean {
  return canonical(a) === canonical(b);
}

function canonical(routes: AppRoutes): string {
  const backends = routes.backends
    .map((backend) => ({
      ...backend,
      targets: [...backend.targets].sort((x, y) => x.id.localeCompare(y.id)),
    }))
    .sort((x, y) => x.id.localeCompare(y.id));
  const sorted = [...routes.routes].sort((x, y) => x.id.localeCompare(y.id));
  return JSON.stringify([routes.listeners, sorted, backends]);
}

import { backendId, httpListener, type RoutingTable } from "../../src/model/route.ts";
import { apiPrefix, type Group, groups, hosts } from "./routes.ts";

export const benchApp = "bench";

/** The gateway's table: two routes for each host, to two backends that have a target on each of the ports. Pure. */
export function routingTable(ports: readonly number[]): RoutingTable {
  const backend = (group: Group) => backendId(benchApp, group, 1);
  return {
    generation: 1,
    listeners: [],
    routes: hosts.flatMap((host) =>
      groups.map((group) => ({
        id: `${benchApp}/${group}/${host}`,
        app: benchApp,
        listener: httpListener,
        hosts: [host],
        path: group === "api" ? apiPrefix : "/",
        priority: 0,
        backend: backend(group),
      })),
    ),
    backends: groups.map((group) => ({
      id: backend(group),
      app: benchApp,
      service: group,
      release: 1,
      targets: ports.map((port, index) => ({ id: `${group}-${index}`, address: "127.0.0.1", port })),
    })),
  };
}

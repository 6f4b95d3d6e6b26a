import type { Condition, Listener, Route, RoutingTable, StreamRoute } from "../../../../src/model/route.ts";
import { type RequestText, findRouteFor } from "../../../../src/gateway/routing/find-text.ts";
import { compileTable } from "../../../../src/gateway/routing/table.ts";

export const http = { host: null, port: 80 };

export function tableOf(
  routes: Partial<Route>[],
  listeners: Listener[] = [],
  streams: Partial<StreamRoute>[] = [],
): RoutingTable {
  const ends = { app: "shop", listener: "http", backend: "shop/web@1" };
  return {
    generation: 1,
    listeners,
    routes: routes.map((route, index) => ({
      id: `r${index}`,
      ...ends,
      hosts: [],
      path: "/",
      priority: 0,
      ...route,
    })),
    streams: streams.map((stream, index) => ({ id: `s${index}`, ...ends, serverNames: [], ...stream })),
    backends: [{ id: "shop/web@1", app: "shop", service: "web", release: 1, targets: [] }],
  };
}

export const plainRequest: RequestText = {
  method: "GET",
  host: "shop.example.com",
  path: "/",
  headers: [],
  client: "192.0.2.1",
};

/** Id of the route that a request gets among these, which are named `r0`, `r1` and so on where they have no id. */
export function routeFor(routes: Partial<Route>[], request: Partial<RequestText>): string | null {
  const compiled = compileTable(tableOf(routes), http, () => null);
  return findRouteFor(compiled, "http", { ...plainRequest, ...request })?.route.id ?? null;
}

/** Whether a condition holds for a request. */
export function isMet(when: Condition, request: Partial<RequestText>): boolean {
  return routeFor([{ when }], request) !== null;
}

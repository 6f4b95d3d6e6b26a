import type { AppRoutes, Balancer } from "../deploy/ports.ts";
import { requireFree } from "../deploy/targets.ts";
import { CutoverError } from "../model/error.ts";
import type {
  DrainEvent,
  GatewayStatus,
  ProbeEvent,
  ProbeRequest,
  StatBucket,
  TableApplied,
} from "../model/gateway-api.ts";
import type { RoutingTable } from "../model/route.ts";
import { type Address, requestJson, requestStream } from "../wire/json-client.ts";

export interface GatewayBalancer extends Balancer {
  /** Sets one app's routes without telling the gateway: for the next change or `reassert`. */
  preset(app: string, routes: AppRoutes): void;
  routes(): Map<string, AppRoutes>;
}

/**
 * Drives Cutover's own gateway over its admin socket. Holds the routes of all apps and sends them as one table; one
 * change at a time, in the order asked.
 *
 * @param nextGeneration never returns the same or a lower number again, also over restarts of control
 * @param answerMs how long the gateway may take to answer, in milliseconds: longer than its own deadline for a hung worker
 */
export function createGatewayBalancer(
  socketPath: string,
  nextGeneration: () => number,
  answerMs = 15_000,
): GatewayBalancer {
  const address: Address = { socketPath };
  const routes = new Map<string, AppRoutes>();
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return call(() => requestJson(address, method, path, body, AbortSignal.timeout(answerMs)));
  }

  function put(wanted: Map<string, AppRoutes>): Promise<TableApplied> {
    return ask("PUT", "/v1/table", mergeRoutes(nextGeneration(), wanted)) as Promise<TableApplied>;
  }

  /** Null takes the app's routes away. */
  function change(app: string, appRoutes: AppRoutes | null): Promise<TableApplied> {
    return inTurn(async () => {
      const wanted = new Map(routes);
      wanted.delete(app);
      if (appRoutes) {
        requireFree(appRoutes, wanted);
        wanted.set(app, appRoutes);
      }
      const applied = await put(wanted);
      if (appRoutes) routes.set(app, appRoutes);
      else routes.delete(app);
      return applied;
    });
  }

  return {
    routes: () => new Map(routes),
    preset: (app, appRoutes) => void routes.set(app, appRoutes),
    observedRoutes: async (app) => {
      const table = (await ask("GET", "/v1/table")) as RoutingTable | null;
      return table ? routesOf(table, app) : null;
    },
    reassert: () => inTurn(() => put(routes)),
    setRoutes: (app, appRoutes) => change(app, appRoutes),
    removeRoutes: async (app) => {
      await change(app, null);
    },
    checkListeners: async (listeners) => {
      if (listeners.length > 0) await ask("POST", "/v1/listeners/check", { listeners });
    },
    probe(targets, check, policy, signal) {
      const request: ProbeRequest = { targets, check, proxyProtocol: policy?.proxyProtocol ?? 0 };
      return stream(address, "/v1/probe", request, signal) as AsyncIterable<ProbeEvent>;
    },
    drain: (request, signal) => stream(address, "/v1/drain", request, signal) as AsyncIterable<DrainEvent>,
    stats: async (app, fromMs) => {
      const path = `/v1/stats?app=${encodeURIComponent(app)}&from=${fromMs}`;
      const answer = (await ask("GET", path)) as { buckets: StatBucket[] };
      return answer.buckets;
    },
    status: () => ask("GET", "/v1/status") as Promise<GatewayStatus>,
  };
}

/** One table of all apps' routes. A listener that several apps publish stands once. */
export function mergeRoutes(generation: number, apps: Map<string, AppRoutes>): RoutingTable {
  const all = [...apps.values()];
  const listeners = new Map(all.flatMap((app) => app.listeners).map((listener) => [listener.name, listener]));
  const streams = all.flatMap((app) => app.streams ?? []);
  return {
    generation,
    listeners: [...listeners.values()],
    routes: all.flatMap((app) => app.routes),
    ...(streams.length > 0 ? { streams } : {}),
    backends: all.flatMap((app) => app.backends),
  };
}

/** One app's part of a table; null when it has none. */
export function routesOf(table: RoutingTable, app: string): AppRoutes | null {
  const routes = table.routes.filter((route) => route.app === app);
  const streams = (table.streams ?? []).filter((stream) => stream.app === app);
  if (routes.length === 0 && streams.length === 0) return null;
  const named = new Set([...routes, ...streams].map(({ listener }) => listener));
  return {
    listeners: table.listeners.filter((listener) => named.has(listener.name)),
    routes,
    ...(streams.length > 0 ? { streams } : {}),
    backends: table.backends.filter((backend) => backend.app === app),
  };
}

async function call<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asGatewayError(error);
  }
}

async function* stream(
  address: Address,
  path: string,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  try {
    yield* requestStream(address, "POST", path, body, signal);
  } catch (error) {
    if (signal.aborted) return;
    throw asGatewayError(error);
  }
}

function asGatewayError(error: unknown): CutoverError {
  if (error instanceof CutoverError) return error;
  return new CutoverError("GATEWAY_UNREACHABLE", "the gateway does not answer on its admin socket", {
    cause: error,
  });
}

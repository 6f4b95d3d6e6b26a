import { chmodSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { Logger } from "pino";
import { createGatewayBalancer, type GatewayBalancer } from "../balancers/gateway.ts";
import type { ContainerEvent, Engine } from "../deploy/ports.ts";
import { label } from "../model/labels.ts";
import { createJsonServer } from "../wire/json-server.ts";
import { controlRoutes } from "./api.ts";
import { Deployments } from "./deployments.ts";
import { EventHub } from "./event-hub.ts";
import { LiveRoutes } from "./live-routes.ts";
import { recordObservedSwitches } from "./observed-switch.ts";
import { Retention } from "./retention.ts";
import { State } from "./state.ts";
import { removeStragglers } from "./stragglers.ts";

export interface DaemonInput {
  engine: Engine;
  log: Logger;
  version: string;
  stateFile: string;
  controlSocket: string;
  gatewaySocket: string;
  /** Control can't go on: the engine has not answered for half a minute, or the state can't be written. */
  onFatal: (reason: unknown) => void;
}

/** Pause between attempts to reach a gateway that does not answer yet, in milliseconds. */
const gatewayRetryMs = 100;

/** Control as a whole. It serves its API once it knows what runs and has taken up what was interrupted. */
export async function startDaemon(input: DaemonInput): Promise<AsyncDisposable> {
  const { engine, log } = input;
  const state = new State(input.stateFile);
  const balancer = createGatewayBalancer(input.gatewaySocket, () => state.nextGeneration());
  const gatewayPort = rememberedPort(balancer);
  const stop = new AbortController();
  const confirm = once(() => confirmRoutes(balancer, log, stop.signal));
  const liveRoutes = new LiveRoutes({
    engine,
    balancer,
    log,
    gatewayPort,
    saveRoutes: (app, routes) => state.setRoutes(app, routes),
    onUnconfirmed: () => void confirm(),
  });
  const hub = new EventHub(engine, log, () => input.onFatal("the engine does not answer any more"));
  const retention: Retention = new Retention({
    engine,
    state,
    log,
    busy: (app) => deployments.holder(app) !== null,
  });
  const deployments: Deployments = new Deployments({
    engine,
    balancer,
    events: hub,
    state,
    liveRoutes,
    gatewayPort,
    settled: (app) => retention.settled(app),
    onEnded: (app, outcome) => retention.afterDeployment(app, outcome),
    onFatal: input.onFatal,
    log,
  });

  await hub.start();
  await recordObservedSwitches(state, balancer, log);
  await restoreRoutes(state, balancer, liveRoutes);
  void confirm();
  const stragglers = removeStragglers({
    engine,
    log,
    deployment: (id) => state.deployment(id),
    live: (app) => state.liveRelease(app),
  });
  hub.subscribe((event) => {
    if (isGatewayStart(event)) void confirm();
    Promise.all([liveRoutes.onEvent(event), stragglers(event)]).catch((error: unknown) =>
      log.warn({ err: error }, "an event could not be followed"),
    );
  });
  await liveRoutes.onEvent(null);
  deployments.recover();
  for (const { app } of state.apps()) retention.sweep(app);

  const routes = controlRoutes({ ...input, balancer, state, deployments, liveRoutes, startedAt: Date.now() });
  const server = createJsonServer(routes, (error) => log.error({ err: error }, "a request failed"));
  await listen(server, input.controlSocket);
  log.info({ version: input.version }, "control is ready");
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      server.closeAllConnections();
      server.close();
      retention.close();
      hub.close();
      await deployments.halt();
      state.close();
    },
  };
}

async function restoreRoutes(state: State, balancer: GatewayBalancer, liveRoutes: LiveRoutes): Promise<void> {
  const rows = state.apps().flatMap(({ app, live }) => {
    const routes = state.routes(app);
    if (routes) balancer.preset(app, routes);
    const row = live === null ? null : state.release(app, live);
    return row ? [row] : [];
  });
  await Promise.all(rows.map((row) => liveRoutes.restore(row)));
}

/** Gives the gateway the routes, as soon as it answers. */
async function confirmRoutes(balancer: GatewayBalancer, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { generation, workers } = await balancer.reassert();
      log.info({ generation, workers }, "the gateway has the routes");
      return;
    } catch (error) {
      log.debug({ err: error }, "the gateway does not take the routes yet");
      await new Promise((resolve) => setTimeout(resolve, gatewayRetryMs));
    }
  }
}

/** Runs `work` again when asked, but never twice at a time. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}

function isGatewayStart(event: ContainerEvent | null): boolean {
  return event?.action === "start" && event.labels[label.component] === "gateway";
}

/** The port of the gateway's own listener; the last known one while it does not answer. */
function rememberedPort(balancer: GatewayBalancer): () => Promise<number | null> {
  let known: number | null = null;
  return async () => {
    const status = await balancer.status().catch(() => null);
    known = status?.listeners.find((listener) => listener.name === "http")?.port ?? known;
    return known;
  };
}

function listen(server: Server, socketPath: string): Promise<void> {
  rmSync(socketPath, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o600);
      resolve();
    });
  });
}

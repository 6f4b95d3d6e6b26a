import type { Colour } from "../model/app.ts";
import { CutoverError, errorBody } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { Target } from "../model/route.ts";
import type { Settings } from "../model/settings.ts";
import type { Balancer, Engine } from "./ports.ts";
import type { DeploymentRecord, Emit, ReleaseRecord } from "./record.ts";
import { serviceOf, targetOf } from "./targets.ts";

interface EffectContext {
  engine: Engine;
  balancer: Balancer;
  emit: Emit;
}

export type Drained = DeploymentRecord["drained"];

/** Pause between attempts while the gateway does not answer, in milliseconds. */
const gatewayRetryMs = 200;

/**
 * Lets what is going to the targets finish. Resolves with null when the signal ends it. A gateway that restarts takes
 * its connections with it; draining goes on when it is back, until the deadlines have passed in any case.
 */
export async function drainTargets(
  context: EffectContext,
  targets: string[],
  settings: Settings,
  signal: AbortSignal,
): Promise<Drained | null> {
  if (targets.length === 0) return null;
  const began = Date.now();
  const longestMs =
    Math.max(settings.drainRequestsMs, settings.drainConnectionsMs + settings.drainSpreadMs) + 5_000;
  for (;;) {
    const passed = Date.now() - began;
    const request = {
      targets,
      requestsMs: Math.max(0, settings.drainRequestsMs - passed),
      connectionsMs: Math.max(0, settings.drainConnectionsMs - passed),
      spreadMs: settings.drainSpreadMs,
    };
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, longestMs - passed))]);
      for await (const event of context.balancer.drain(request, limit)) {
        if (event.type === "progress") {
          context.emit({ type: "draining", requests: event.requests, connections: event.connections });
          continue;
        }
        const { requests, connections, cutRequests, closedConnections } = event;
        return { requests, connections, cutRequests, closedConnections };
      }
      if (signal.aborted) return null;
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof CutoverError) || error.code !== "GATEWAY_UNREACHABLE") throw error;
    }
    if (Date.now() - began > longestMs) return null;
    await pause(gatewayRetryMs);
  }
}

/**
 * After a switch whose answer was lost: makes sure that the old routes stand before the new containers go. Gives up
 * after 30 s without an answer; a gateway that comes back later is given the old routes first of all.
 */
export async function reassertRoutes(context: EffectContext): Promise<void> {
  const began = Date.now();
  while (Date.now() - began < 30_000) {
    try {
      await context.balancer.reassert();
      return;
    } catch {
      await pause(gatewayRetryMs);
    }
  }
}

/** Stops a release's containers with their own signal and grace period; they stay for the rollback window. */
export async function retire(
  context: EffectContext,
  app: string,
  release: number,
  colour: Colour,
): Promise<void> {
  const labels = { [label.app]: app, [label.colour]: colour, [label.release]: String(release) };
  const containers = await context.engine.containers(labels);
  const running = containers.filter(
    (c) => c.labels[label.role] !== "hook" && c.status !== "exited" && c.status !== "created",
  );
  const stopped = await Promise.allSettled(running.map((container) => context.engine.stop(container.id)));
  for (const result of stopped) {
    if (result.status === "rejected") {
      const { code, message } = errorBody(result.reason);
      context.emit({
        type: "warning",
        code,
        message: `a container of release ${release} did not stop: ${message}`,
      });
    }
  }
}

/** Removes the containers of a deployment's hooks. */
export async function removeHooks(context: EffectContext, deployment: string): Promise<void> {
  const containers = await context.engine.containers({
    [label.deployment]: deployment,
    [label.role]: "hook",
  });
  await Promise.all(containers.map((container) => context.engine.remove(container.id)));
}

/** Removes all that a deployment made, or stops again what it had only started. */
export async function cleanUp(context: EffectContext, record: DeploymentRecord): Promise<void> {
  if (record.reused && record.release !== null) {
    return retire(context, record.app, record.release, record.colour);
  }
  const made = { [label.app]: record.app, [label.deployment]: record.id };
  const containers = await context.engine.containers(made);
  await Promise.all(containers.map((container) => context.engine.remove(container.id)));
  const late = await context.engine.containers(made);
  await Promise.all(late.map((container) => context.engine.remove(container.id)));
  await context.engine.removeNetworks(made);
}

/** Removes everything of a colour that does not serve, to make room for the next release in it. */
export async function emptyColour(engine: Engine, app: string, colour: Colour): Promise<void> {
  const labels = { [label.app]: app, [label.colour]: colour };
  const containers = await engine.containers(labels);
  await Promise.all(containers.map((container) => engine.remove(container.id)));
  await engine.removeNetworks(labels);
}

/** Targets of a release's running containers, by service. */
export async function runningTargets(
  context: EffectContext,
  row: ReleaseRecord,
): Promise<Map<string, Target[]>> {
  const labels = {
    [label.app]: row.release.app,
    [label.colour]: row.colour,
    [label.release]: String(row.release.number),
  };
  const targets = new Map<string, Target[]>();
  for (const container of await context.engine.containers(labels)) {
    const service = serviceOf(container, row.release);
    const target = service && container.status === "running" ? targetOf(container, service) : null;
    if (service && target) targets.set(service.name, [...(targets.get(service.name) ?? []), target]);
  }
  return targets;
}

/** Resolves after so many milliseconds: between attempts at something that can't be waited for by an event. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

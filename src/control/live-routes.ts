import type { Logger } from "pino";
import type { GatewayBalancer } from "../balancers/gateway.ts";
import { pause } from "../deploy/effects.ts";
import type { AppRoutes, ContainerEvent, ContainerState, Engine } from "../deploy/ports.ts";
import type { ReleaseRecord } from "../deploy/record.ts";
import { appRoutes, serviceOf, targetOf } from "../deploy/targets.ts";
import type { TableApplied } from "../model/gateway-api.ts";
import { label } from "../model/labels.ts";
import type { ReleaseService } from "../model/release.ts";
import type { Target } from "../model/route.ts";
import { sameTargets } from "./target-set.ts";

interface LiveApp {
  row: ReleaseRecord;
  /** By container id. */
  targets: Map<string, { service: string; target: Target }>;
  /** Containers being probed before they get requests again. */
  candidates: Map<string, AbortController>;
  /** Changes of this app's targets reach the gateway one after the other. */
  turn: Promise<void>;
}

export interface LiveRoutesInput {
  engine: Engine;
  balancer: GatewayBalancer;
  log: Logger;
  gatewayPort: () => Promise<number | null>;
  saveRoutes: (app: string, routes: AppRoutes) => void;
  /** The gateway did not take a change: it is to be given the routes as soon as it answers. */
  onUnconfirmed: () => void;
}

/** Pause before a probe is asked for again from a gateway that was away, in milliseconds. */
const probeRetryMs = 200;

/** How long a restart waits for a first ready target before it serves what it has, in milliseconds. */
const firstTargetMs = 2_500;

/**
 * Keeps the routes of live releases leading to the containers that really run: a container that dies leaves at once,
 * one that (re)starts comes in when the gateway's probe succeeds.
 */
export class LiveRoutes {
  readonly #input: LiveRoutesInput;
  readonly #apps = new Map<string, LiveApp>();

  constructor(input: LiveRoutesInput) {
    this.#input = input;
  }

  /** Ids of the containers that the app's routes lead to. */
  targetIds(app: string): string[] {
    return [...(this.#apps.get(app)?.targets.keys() ?? [])];
  }

  targets(app: string): Map<string, { service: string; target: Target }> {
    return new Map(this.#apps.get(app)?.targets);
  }

  /**
   * The switch: from this instant on only the new release's containers change the app's routes, then the gateway gets
   * them all at once. `byService` are the targets that they lead to. If the gateway does not take them, the old release's are followed again.
   */
  async switchTo(
    row: ReleaseRecord,
    routes: AppRoutes,
    byService: ReadonlyMap<string, Target[]>,
  ): Promise<TableApplied> {
    const { app } = row.release;
    const before = this.#apps.get(app);
    const targets = [...byService].flatMap(([service, of]) =>
      of.map((target): [string, { service: string; target: Target }] => [target.id, { service, target }]),
    );
    const live: LiveApp = { row, targets: new Map(targets), candidates: new Map(), turn: Promise.resolve() };
    for (const candidate of before?.candidates.values() ?? []) candidate.abort();
    this.#apps.set(app, live);
    try {
      return await this.#input.balancer.setRoutes(app, routes);
    } catch (error) {
      if (before) this.#apps.set(app, before);
      else this.#apps.delete(app);
      throw error;
    }
  }

  /** At control's start, before anything was pushed: takes over what still is as it was, probes the rest. */
  async restore(row: ReleaseRecord): Promise<void> {
    const live: LiveApp = { row, targets: new Map(), candidates: new Map(), turn: Promise.resolve() };
    this.#apps.set(row.release.app, live);
    const routed = this.#routedTargets(row.release.app);
    const probing: Promise<unknown>[] = [];
    for (const found of await this.#list(live)) {
      if (routed.some((target) => sameTarget(target, found.target))) {
        live.targets.set(found.container.id, { service: found.service.name, target: found.target });
      } else {
        probing.push(this.#admit(live, found.container, found.service));
      }
    }
    if (live.targets.size === 0 && probing.length > 0) {
      const limit = AbortSignal.timeout(firstTargetMs);
      const late = new Promise((resolve) => limit.addEventListener("abort", resolve, { once: true }));
      await Promise.race([...probing, late]);
    }
    this.#input.balancer.preset(row.release.app, this.#routes(live, await this.#input.gatewayPort()));
  }

  forget(app: string): void {
    const live = this.#apps.get(app);
    for (const candidate of live?.candidates.values() ?? []) candidate.abort();
    this.#apps.delete(app);
  }

  /** An event of the engine, or null when some may have been missed. */
  async onEvent(event: ContainerEvent | null): Promise<void> {
    if (event === null) {
      await Promise.all([...this.#apps.values()].map((live) => this.#resync(live)));
      return;
    }
    const live = this.#apps.get(event.labels[label.app] ?? "");
    if (!live || event.labels[label.release] !== String(live.row.release.number)) return;
    if (event.action === "die" || event.action === "destroy" || event.action === "pause")
      return this.#leave(live, event.id);
    if (event.action === "health_status: unhealthy") return this.#unhealthy(live, event.id);
    if (event.action === "start" || event.action === "unpause" || event.action === "health_status: healthy") {
      const container = await this.#input.engine.inspect(event.id);
      const service = container ? serviceOf(container, live.row.release) : undefined;
      if (container && service && !live.targets.has(container.id)) void this.#admit(live, container, service);
    }
  }

  async #resync(live: LiveApp): Promise<void> {
    const found = await this.#list(live);
    for (const id of live.targets.keys()) {
      const still = found.find((entry) => entry.container.id === id);
      const known = live.targets.get(id);
      if (!still || !known || !sameTarget(still.target, known.target)) live.targets.delete(id);
    }
    await this.#apply(live);
    for (const { container, service } of found) {
      if (!live.targets.has(container.id)) void this.#admit(live, container, service);
    }
  }

  async #leave(live: LiveApp, id: string): Promise<void> {
    live.candidates.get(id)?.abort();
    if (live.targets.delete(id)) await this.#apply(live);
  }

  /** An unhealthy container leaves only while another of its service still serves. */
  async #unhealthy(live: LiveApp, id: string): Promise<void> {
    const known = live.targets.get(id);
    const others = [...live.targets].some(
      ([other, entry]) => other !== id && entry.service === known?.service,
    );
    if (known && others) await this.#leave(live, id);
  }

  /** Probes a container for as long as it takes, and lets it in. Never throws. */
  async #admit(live: LiveApp, container: ContainerState, service: ReleaseService): Promise<void> {
    const target = targetOf(container, service);
    if (!target || !service.check || container.status !== "running" || container.health === "unhealthy")
      return;
    live.candidates.get(container.id)?.abort();
    const candidate = new AbortController();
    live.candidates.set(container.id, candidate);
    while (!candidate.signal.aborted) {
      try {
        for await (const event of this.#input.balancer.probe(
          [target],
          service.check,
          service.policy,
          candidate.signal,
        )) {
          if (event.type !== "ready" || candidate.signal.aborted) continue;
          live.candidates.delete(container.id);
          live.targets.set(container.id, { service: service.name, target });
          return await this.#apply(live);
        }
      } catch (error) {
        this.#input.log.debug({ err: error, container: container.name }, "the gateway does not probe yet");
      }
      await pause(probeRetryMs);
    }
  }

  #apply(live: LiveApp): Promise<void> {
    live.turn = live.turn.then(() => this.#push(live));
    return live.turn;
  }

  async #push(live: LiveApp): Promise<void> {
    const { app } = live.row.release;
    const routes = this.#routes(live, await this.#input.gatewayPort());
    const before = this.#input.balancer.routes().get(app);
    if (this.#apps.get(app) !== live || (before && sameTargets(before, routes))) return;
    try {
      await this.#input.balancer.setRoutes(app, routes);
      this.#input.saveRoutes(app, routes);
    } catch (error) {
      if (this.#apps.get(app) !== live) return;
      this.#input.balancer.preset(app, routes);
      this.#input.log.warn({ err: error, app }, "the gateway did not take a change of targets");
      this.#input.onUnconfirmed();
    }
  }

  #routes(live: LiveApp, gatewayPort: number | null): AppRoutes {
    const byService = new Map<string, Target[]>();
    for (const { service, target } of live.targets.values()) {
      byService.set(service, [...(byService.get(service) ?? []), target]);
    }
    return appRoutes(live.row.release, byService, gatewayPort);
  }

  async #list(
    live: LiveApp,
  ): Promise<{ container: ContainerState; service: ReleaseService; target: Target }[]> {
    const { release, colour } = live.row;
    const labels = {
      [label.app]: release.app,
      [label.colour]: colour,
      [label.release]: String(release.number),
    };
    const containers = await this.#input.engine.containers(labels);
    return containers.flatMap((container) => {
      const service = serviceOf(container, release);
      const target = service && container.status === "running" ? targetOf(container, service) : null;
      return service && target ? [{ container, service, target }] : [];
    });
  }

  #routedTargets(app: string): Target[] {
    return (
      this.#input.balancer
        .routes()
        .get(app)
        ?.backends.flatMap((backend) => backend.targets) ?? []
    );
  }
}

function sameTarget(a: Target, b: Target): boolean {
  return a.id === b.id && a.address === b.address && a.port === b.port;
}

import { CutoverError } from "../model/error.ts";
import type { ProbeEvent } from "../model/gateway-api.ts";
import { label } from "../model/labels.ts";
import type { ReleaseService } from "../model/release.ts";
import type { Target } from "../model/route.ts";
import type { Balancer, ContainerEvent, ContainerEvents, ContainerState, Engine } from "./ports.ts";

export interface Ready {
  containers: ContainerState[];
  /** By service name. */
  targets: Map<string, Target[]>;
  /** First good probe of the target that was last to become ready; null without a web service. */
  firstGoodAt: number | null;
}

export interface ReadinessInput {
  engine: Engine;
  balancer: Balancer;
  events: ContainerEvents;
  /** Labels that pick the release's containers. */
  selector: Record<string, string>;
  services: ReleaseService[];
  targetOf: (container: ContainerState, service: ReleaseService) => Target | null;
  onProgress: (progress: ReadinessProgress) => void;
}

export interface ReadinessProgress {
  service: string;
  container: string;
  state: "running" | "healthy" | "ready" | "exited" | "unhealthy";
  detail: string | null;
}

/** A worker without a health check counts as ready when it has run this long, in milliseconds. */
const workerUptimeMs = 1_000;
const shownLines = 20;

interface Watched {
  container: ContainerState;
  service: ReleaseService;
  target: Target | null;
  probe: "idle" | "running" | "ready";
  firstGoodAt: number | null;
  lastFailure: string | null;
  shown: string | null;
}

/**
 * Watches a release's containers from before they start until the switch. Event-driven: nothing is polled but the
 * gateway's own probe. A container that ends, restarts, is OOM-killed or turns unhealthy ends the wait at once, and
 * also breaks a readiness that had been reached: ask `alive` in the instant before the switch.
 */
export class ReadinessWatch implements Disposable {
  /** Rejects with NOT_HEALTHY or CONTAINER_EXITED. */
  readonly ready: Promise<Ready>;
  #failure: CutoverError | null = null;
  /** Set in the instant a container ends; resolves when the reason is known. */
  #dying: Promise<void> | null = null;
  readonly #input: ReadinessInput;
  readonly #watched = new Map<string, Watched>();
  readonly #stop = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unsubscribe: () => void;
  readonly #settle: { resolve: (ready: Ready) => void; reject: (error: CutoverError) => void };

  constructor(input: ReadinessInput) {
    this.#input = input;
    const { promise, resolve, reject } = Promise.withResolvers<Ready>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.#settle = { resolve, reject };
    this.#unsubscribe = input.events.subscribe((event) => void this.#onEvent(event));
    void this.#relist();
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /**
   * Throws what has ended the wait, also after it was over. When it resolves no event has come in between: what is done
   * in the same turn is done with every container alive as far as the engine has told.
   */
  async alive(): Promise<void> {
    if (this.#dying) await this.#dying;
    if (this.#failure) throw this.#failure;
  }

  /** Ends the wait with NOT_HEALTHY, naming what is not ready and showing its last lines. */
  async expire(timeoutMs: number): Promise<void> {
    const late = [...this.#watched.values()].find((watched) => !isReady(watched, Date.now()));
    const missing = this.#input.services.find((service) => this.#of(service).length < service.replicas);
    if (!late) {
      const what = missing
        ? `${missing.name} has not all of its ${missing.replicas} containers`
        : "not all is ready";
      return this.#fail(new CutoverError("NOT_HEALTHY", `${what} after ${timeoutMs / 1000} s`));
    }
    const message = `${late.service.name} did not become ready in ${timeoutMs / 1000} s: ${reason(late)}`;
    this.#fail(
      new CutoverError("NOT_HEALTHY", message, { details: await this.#lastLines(late.container.id) }),
    );
  }

  async #onEvent(event: ContainerEvent | null): Promise<void> {
    if (event === null) return this.#relist();
    if (!this.#matches(event.labels)) return;
    if (event.action === "die" || event.action === "oom") {
      this.#dying ??= this.#ended(event.id, event.action);
      return;
    }
    if (event.action !== "start" && !event.action.startsWith("health_status")) return;
    const container = await this.#input.engine.inspect(event.id).catch(() => null);
    if (container) this.#look(container);
  }

  #matches(labels: Record<string, string>): boolean {
    if (labels[label.role] === "hook") return false;
    return Object.entries(this.#input.selector).every(([key, value]) => labels[key] === value);
  }

  async #relist(): Promise<void> {
    const containers = await this.#input.engine.containers(this.#input.selector).catch(() => []);
    for (const container of containers) if (this.#matches(container.labels)) this.#look(container);
    this.#conclude();
  }

  #look(container: ContainerState): void {
    if (this.#stop.signal.aborted) return;
    const service = this.#input.services.find((s) => s.name === container.labels[label.service]);
    if (!service) return;
    const known = this.#watched.get(container.id);
    const watched: Watched = known ?? {
      container,
      service,
      target: null,
      probe: "idle",
      firstGoodAt: null,
      lastFailure: null,
      shown: null,
    };
    watched.container = container;
    if (container.status === "created") return;
    this.#watched.set(container.id, watched);
    if (container.status !== "running" || container.restartCount > 0) {
      if (container.startedAt !== "")
        this.#dying ??= this.#ended(container.id, container.oomKilled ? "oom" : "die");
      return;
    }
    if (container.health === "unhealthy") {
      this.#dying ??= this.#unhealthy(watched);
      return;
    }
    this.#show(watched, container.health === "healthy" ? "healthy" : "running", null);
    this.#startProbe(watched);
    this.#conclude();
  }

  #startProbe(watched: Watched): void {
    if (watched.service.role !== "web" || watched.probe !== "idle" || !watched.service.check) return;
    watched.target = this.#input.targetOf(watched.container, watched.service);
    if (!watched.target) {
      watched.lastFailure = "it has no address that the gateway can reach";
      return;
    }
    watched.probe = "running";
    const { check, policy } = watched.service;
    const events = this.#input.balancer.probe([watched.target], check, policy, this.#stop.signal);
    void this.#followProbe(watched, events);
  }

  async #followProbe(watched: Watched, events: AsyncIterable<ProbeEvent>): Promise<void> {
    try {
      for await (const event of events) {
        if (event.type === "failure") watched.lastFailure = event.reason;
        if (event.type !== "ready") continue;
        watched.firstGoodAt = event.firstGoodAt;
        watched.probe = "ready";
        this.#conclude();
      }
      if (watched.probe === "running") watched.probe = "idle";
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#fail(
        error instanceof CutoverError ? error : new CutoverError("GATEWAY_UNREACHABLE", String(error)),
      );
    }
  }

  #conclude(): void {
    const now = Date.now();
    for (const watched of this.#watched.values())
      if (isReady(watched, now)) this.#show(watched, "ready", null);
    const complete = this.#input.services.every(
      (service) => this.#of(service).filter((watched) => isReady(watched, now)).length >= service.replicas,
    );
    if (!complete) {
      this.#awaitUptime(now);
      return;
    }
    const all = [...this.#watched.values()];
    const goods = all.flatMap((watched) => (watched.firstGoodAt === null ? [] : [watched.firstGoodAt]));
    this.#settle.resolve({
      containers: all.map((watched) => watched.container),
      targets: new Map(
        this.#input.services.map((s) => [s.name, this.#of(s).flatMap((w) => (w.target ? [w.target] : []))]),
      ),
      firstGoodAt: goods.length > 0 ? Math.max(...goods) : null,
    });
  }

  /** Wakes up when the youngest worker without a health check has run long enough. */
  #awaitUptime(now: number): void {
    for (const watched of this.#watched.values()) {
      if (!needsUptime(watched) || isReady(watched, now)) continue;
      const left = Date.parse(watched.container.startedAt) + workerUptimeMs - now;
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          this.#conclude();
        },
        Math.max(1, left),
      );
      this.#timers.add(timer);
    }
  }

  #of(service: ReleaseService): Watched[] {
    return [...this.#watched.values()].filter((watched) => watched.service.name === service.name);
  }

  #show(watched: Watched, state: ReadinessProgress["state"], detail: string | null): void {
    if (watched.shown === state || (watched.shown === "ready" && state !== "exited")) return;
    watched.shown = state;
    this.#input.onProgress({
      service: watched.service.name,
      container: watched.container.name,
      state,
      detail,
    });
  }

  async #unhealthy(watched: Watched): Promise<void> {
    this.#show(watched, "unhealthy", null);
    const details = await this.#lastLines(watched.container.id);
    this.#fail(
      new CutoverError("NOT_HEALTHY", `${watched.service.name} is unhealthy by its own health check`, {
        details,
      }),
    );
  }

  async #ended(id: string, action: "die" | "oom"): Promise<void> {
    const watched = this.#watched.get(id);
    const container = await this.#input.engine.inspect(id).catch(() => null);
    const details = await this.#lastLines(id);
    const name = container?.labels[label.service] ?? watched?.service.name ?? id.slice(0, 12);
    const oom = action === "oom" || container?.oomKilled === true;
    const how = oom
      ? "was killed for want of memory"
      : `ended with exit code ${container?.exitCode ?? "unknown"}`;
    if (watched) this.#show(watched, "exited", how);
    this.#fail(new CutoverError("CONTAINER_EXITED", `${name} ${how} before it was ready`, { details }));
  }

  #lastLines(id: string): Promise<string[]> {
    return this.#input.engine.lastLines(id, shownLines).catch(() => []);
  }

  #fail(error: CutoverError): void {
    if (this.#failure || this.#stop.signal.aborted) return;
    this.#failure = error;
    this.#settle.reject(error);
  }
}

function needsUptime(watched: Watched): boolean {
  return (
    watched.service.role !== "web" &&
    watched.container.health === "none" &&
    watched.container.status === "running"
  );
}

function isReady(watched: Watched, now: number): boolean {
  const { container, service } = watched;
  if (container.status !== "running") return false;
  if (container.health === "starting" || container.health === "unhealthy") return false;
  if (service.role === "web") return watched.probe === "ready";
  return container.health === "healthy" || now - Date.parse(container.startedAt) >= workerUptimeMs;
}

function reason(watched: Watched): string {
  if (watched.container.health === "starting") return "its health check has not succeeded yet";
  return watched.lastFailure ?? "the gateway's probe has not succeeded";
}

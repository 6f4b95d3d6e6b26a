import type { Check } from "../model/check.ts";
import type {
  DrainEvent,
  DrainRequest,
  GatewayStatus,
  ProbeEvent,
  StatBucket,
  TableApplied,
} from "../model/gateway-api.ts";
import type { BackendPolicy, Backend, Listener, Route, StreamRoute, Target } from "../model/route.ts";

/** What a load balancer must be able to do for the deployment. Every method is idempotent. */
export interface Balancer {
  /** Throws PORT_TAKEN when one of them can't be bound. Changes nothing. */
  checkListeners(listeners: Listener[]): Promise<void>;
  /** Replaces all of one app's routes at once; resolves when no new request can go to what was there before. */
  setRoutes(app: string, routes: AppRoutes): Promise<TableApplied>;
  /** The app's routes as the load balancer has them now, whatever was asked of it; null when it has none. */
  observedRoutes(app: string): Promise<AppRoutes | null>;
  /** Asserts again the routes that were last acknowledged, whatever the load balancer believes it has. */
  reassert(): Promise<TableApplied>;
  /** Takes all of one app's routes away. */
  removeRoutes(app: string): Promise<void>;
  /**
   * Probes from where traffic will come, and as it will come, until all targets are ready or the signal aborts.
   *
   * @param policy of the service's backend
   */
  probe(
    targets: Target[],
    check: Check,
    policy: BackendPolicy | undefined,
    signal: AbortSignal,
  ): AsyncIterable<ProbeEvent>;
  drain(request: DrainRequest, signal: AbortSignal): AsyncIterable<DrainEvent>;
  stats(app: string, fromMs: number): Promise<StatBucket[]>;
  status(): Promise<GatewayStatus>;
}

/** Port of the load balancer's own listener. */
export async function gatewayPort(balancer: Balancer): Promise<number | null> {
  const status = await balancer.status();
  return status.listeners.find((listener) => listener.name === "http")?.port ?? null;
}

export interface AppRoutes {
  listeners: Listener[];
  routes: Route[];
  /** None when left out. */
  streams?: StreamRoute[];
  backends: Backend[];
}

/** A container as the deployment sees it. */
export interface ContainerState {
  id: string;
  name: string;
  labels: Record<string, string>;
  imageId: string;
  status: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  /** `none` where no health check is defined. */
  health: "none" | "starting" | "healthy" | "unhealthy";
  exitCode: number | null;
  oomKilled: boolean;
  restartCount: number;
  /** RFC 3339, as the engine gives it; empty when never started. */
  startedAt: string;
  /** Seconds; the engine's default of 10 when the container sets none. */
  stopTimeoutSeconds: number;
  networks: { name: string; driver: string | null; address: string }[];
}

export interface ContainerEvent {
  /** Engine's action: start, die, oom, kill, health_status: healthy, destroy, pause, unpause. */
  action: string;
  id: string;
  labels: Record<string, string>;
  /** Nanoseconds since the epoch, as the engine counts. */
  timeNano: number;
}

/** Everything is filtered to this instance's label by the implementation. Methods that change something are idempotent. */
export interface Engine {
  version(): Promise<{ version: string; apiVersion: string }>;
  /** Containers with all of the given labels, stopped ones included. */
  containers(labels: Record<string, string>): Promise<ContainerState[]>;
  /** Null when there is none (any more). */
  inspect(id: string): Promise<ContainerState | null>;
  start(id: string): Promise<void>;
  /** With the container's own stop signal and grace period. */
  stop(id: string): Promise<void>;
  /** With its anonymous volumes; running ones are killed. */
  remove(id: string): Promise<void>;
  /** Last lines of both streams, oldest first. */
  lastLines(id: string, lines: number): Promise<string[]>;
  /** Lines as they come until the container ends or the signal aborts. */
  follow(id: string, signal: AbortSignal): AsyncIterable<string>;
  /** Resolves with the exit code when it has ended. */
  wait(id: string, signal: AbortSignal): Promise<number>;
  /** Container events of this instance; first yields null once the subscription stands; may begin with events of the second before. Ends with the signal, throws when the engine goes away. */
  events(signal: AbortSignal): AsyncIterable<ContainerEvent | null>;
  removeNetworks(labels: Record<string, string>): Promise<string[]>;
  /** True when the engine has the image. */
  hasImage(ref: string): Promise<boolean>;
  /** Removes the tag, and the image with its last tag; false when a container uses it or it is gone. */
  removeImage(ref: string): Promise<boolean>;
}

/** Fan-out of the engine's container events. A listener gets null when events may have been missed: look again. */
export interface ContainerEvents {
  subscribe(listener: (event: ContainerEvent | null) => void): () => void;
}

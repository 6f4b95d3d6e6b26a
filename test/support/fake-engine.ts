import { once } from "node:events";
import { randomInt } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { ContainerEvent, ContainerState, Engine } from "../../src/deploy/ports.ts";

export interface FakeContainerSpec {
  labels: Record<string, string>;
  /** Answers requests while the container runs; without it nothing listens. */
  serve?: RequestListener;
  /** Ends by itself right after its start, with this code. */
  exitCode?: number;
  output?: string[];
  health?: "starting";
}

interface FakeContainer {
  spec: FakeContainerSpec;
  state: ContainerState;
  server: Server | null;
  address: string;
}

/** Port that every container serves on, at a loopback address of its own. */
const containerPort = 3000;

/**
 * An engine in memory whose containers are HTTP servers on loopback. `test/contract/engine.test.ts` holds it to the
 * behaviour of the real one.
 */
export class FakeEngine implements Engine {
  readonly stopped: string[] = [];
  readonly removedImages: string[] = [];
  readonly #containers = new Map<string, FakeContainer>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  /** Two engines, also of two test runs, do not get in each other's way. */
  readonly #subnet = `127.${randomInt(64, 127)}.${randomInt(1, 255)}`;
  #serial = 0;
  #addresses = 0;

  /** @returns the container's id */
  create(spec: FakeContainerSpec): string {
    const id = `fake${String(++this.#serial).padStart(8, "0")}`;
    const state: ContainerState = {
      id,
      name: `container-${this.#serial}`,
      labels: spec.labels,
      imageId: "sha256:fake",
      status: "created",
      health: spec.health ?? "none",
      exitCode: null,
      oomKilled: false,
      restartCount: 0,
      startedAt: "",
      stopTimeoutSeconds: 10,
      networks: [{ name: "fake_default", driver: "bridge", address: "" }],
    };
    this.#containers.set(id, {
      spec,
      state,
      server: null,
      address: this.#nextAddress(),
    });
    return id;
  }

  /** The container's process ends by itself. */
  crash(id: string, exitCode = 1): void {
    const container = this.#containers.get(id);
    if (container) this.#end(container, exitCode);
  }

  /** The stopped container gets another address at its next start. */
  move(id: string): void {
    const container = this.#containers.get(id);
    if (container) container.address = this.#nextAddress();
  }

  setHealth(id: string, health: "healthy" | "unhealthy"): void {
    const container = this.#containers.get(id);
    if (!container) return;
    container.state = { ...container.state, health };
    this.#tell(container, `health_status: ${health}`);
  }

  async version(): Promise<{ version: string; apiVersion: string }> {
    return { version: "26.1.5", apiVersion: "1.45" };
  }

  async containers(labels: Record<string, string>): Promise<ContainerState[]> {
    const all = [...this.#containers.values()].map((container) => container.state);
    return all.filter((state) => Object.entries(labels).every(([key, value]) => state.labels[key] === value));
  }

  async inspect(id: string): Promise<ContainerState | null> {
    return this.#containers.get(id)?.state ?? null;
  }

  async start(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) throw new Error(`no such container ${id}`);
    if (container.state.status === "running") return;
    if (container.spec.serve) {
      const server = createServer(container.spec.serve);
      container.server = server;
      await once(server.listen(containerPort, container.address), "listening");
    }
    const startedAt = new Date().toISOString();
    const networks = [{ name: "fake_default", driver: "bridge", address: container.address }];
    container.state = { ...container.state, status: "running", exitCode: null, startedAt, networks };
    this.#tell(container, "start");
    if (container.spec.exitCode !== undefined) this.#end(container, container.spec.exitCode);
  }

  async stop(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.state.status !== "running") return;
    this.stopped.push(id);
    this.#tell(container, "kill");
    this.#end(container, 143);
  }

  async remove(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) return;
    if (container.state.status === "running") this.#end(container, 137);
    this.#containers.delete(id);
    this.#tell(container, "destroy");
  }

  async lastLines(id: string, lines: number): Promise<string[]> {
    const container = this.#containers.get(id);
    const ran = container && container.state.startedAt !== "";
    return ran ? (container.spec.output ?? []).slice(-lines) : [];
  }

  async *follow(id: string, signal: AbortSignal): AsyncGenerator<string> {
    yield* await this.lastLines(id, 1_000);
    await this.wait(id, signal).catch(() => undefined);
  }

  async wait(id: string, signal: AbortSignal): Promise<number> {
    for (;;) {
      const container = this.#containers.get(id);
      if (!container) throw new Error(`no such container ${id}`);
      if (container.state.status === "exited") return container.state.exitCode ?? 0;
      await this.#next(signal);
    }
  }

  async *events(signal: AbortSignal): AsyncGenerator<ContainerEvent | null> {
    const queue: ContainerEvent[] = [];
    let wake = Promise.withResolvers<void>();
    const listener = (event: ContainerEvent): void => {
      queue.push(event);
      wake.resolve();
    };
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => wake.resolve(), { once: true });
    try {
      yield null;
      while (!signal.aborted) {
        const event = queue.shift();
        if (event) yield event;
        else {
          await wake.promise;
          wake = Promise.withResolvers<void>();
        }
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  async removeNetworks(): Promise<string[]> {
    return [];
  }

  async hasImage(ref: string): Promise<boolean> {
    return !this.removedImages.includes(ref);
  }

  async removeImage(ref: string): Promise<boolean> {
    this.removedImages.push(ref);
    return true;
  }

  #nextAddress(): string {
    return `${this.#subnet}.${++this.#addresses}`;
  }

  #end(container: FakeContainer, exitCode: number): void {
    container.server?.closeAllConnections();
    container.server?.close();
    container.server = null;
    container.state = { ...container.state, status: "exited", exitCode };
    this.#tell(container, "die");
  }

  #tell(container: FakeContainer, action: string): void {
    const event = {
      action,
      id: container.state.id,
      labels: container.state.labels,
      timeNano: Date.now() * 1e6,
    };
    for (const listener of [...this.#listeners]) listener(event);
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = (): void => {
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

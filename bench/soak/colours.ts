import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DrainEvent, DrainRequest, TableApplied } from "../../src/model/gateway-api.ts";
import { backendId, httpListener, type RoutingTable, type Target } from "../../src/model/route.ts";
import type { GatewayProcess } from "./gateway-process.ts";

/** How a drain of one switch ended. */
export type Drained = DrainEvent & { type: "done" };

const app = "soak";
const program = fileURLToPath(new URL("./colour.ts", import.meta.url));
/** Requests of 2 s may finish; long-lived connections are closed soon, so that every switch closes some. */
const deadlines: Omit<DrainRequest, "targets"> = { requestsMs: 20_000, connectionsMs: 1_500, spreadMs: 500 };

/** Between a reading and the question. */
const slackMs = 5_000;

/** Two backend processes that take turns as the newest release of one app. */
export class Colours implements AsyncDisposable {
  readonly #processes: { child: ChildProcess; port: number }[];
  readonly #gateway: GatewayProcess;
  readonly #drains: Promise<Drained>[] = [];
  #release = 0;
  readonly #switchedAt: number[] = [];
  #target: Target | null = null;
  /** Milliseconds that each switch took. */
  readonly switchMs: number[] = [];

  private constructor(processes: { child: ChildProcess; port: number }[], gateway: GatewayProcess) {
    this.#processes = processes;
    this.#gateway = gateway;
  }

  static async start(gateway: GatewayProcess): Promise<Colours> {
    const processes = await Promise.all([startColour(), startColour()]);
    return new Colours(processes, gateway);
  }

  /** Versions so far, in their order. */
  get versions(): string[] {
    return Array.from({ length: this.#release }, (_, index) => String(index + 1));
  }

  /** Switches whose drains' deadlines are still to come. */
  get recent(): number {
    const from = performance.now() - deadlines.requestsMs - slackMs;
    return this.#switchedAt.filter((at) => at > from).length;
  }

  /** The other colour becomes the next version and gets the requests; what the last one still has is drained. */
  async next(): Promise<void> {
    this.#release += 1;
    const colour = this.#processes[this.#release % 2];
    if (!colour) return;
    await becomes(colour.child, String(this.#release));
    const left = this.#target;
    this.#target = { id: `release-${this.#release}`, address: "127.0.0.1", port: colour.port };
    const applied = (await this.#gateway.call("PUT", "/v1/table", this.#table())) as TableApplied;
    this.switchMs.push(applied.ms);
    this.#switchedAt.push(performance.now());
    if (left) this.#drains.push(this.#drain(left.id));
  }

  /** Resolves with how they ended when all drains so far have. */
  drained(): Promise<Drained[]> {
    return Promise.all(this.#drains);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#processes.map(async ({ child }) => {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }),
    );
  }

  async #drain(target: string): Promise<Drained> {
    for await (const event of this.#gateway.follow("/v1/drain", { targets: [target], ...deadlines })) {
      if ((event as DrainEvent).type === "done") return event as Drained;
    }
    throw new Error(`the drain of ${target} ended without an outcome`);
  }

  #table(): RoutingTable {
    const backend = backendId(app, "web", this.#release);
    const route = { id: "soak/web/http/0", app, listener: httpListener, hosts: [], path: "/", priority: 0 };
    const targets = this.#target ? [this.#target] : [];
    return {
      generation: this.#release,
      listeners: [],
      routes: [{ ...route, backend }],
      backends: [{ id: backend, app, service: "web", release: this.#release, targets }],
    };
  }
}

async function startColour(): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(program, { execArgv: ["--disable-warning=ExperimentalWarning"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}

async function becomes(child: ChildProcess, version: string): Promise<void> {
  const heard = once(child, "message");
  child.send(version);
  await heard;
}

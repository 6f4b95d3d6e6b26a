import { otherColour } from "../model/app.ts";
import type { Outcome, Step } from "../model/deployment.ts";
import { CutoverError, errorBody } from "../model/error.ts";
import type { TableApplied } from "../model/gateway-api.ts";
import { label } from "../model/labels.ts";
import { unlessAborted } from "./abortable.ts";
import { deploymentReceipt } from "./deployment-receipt.ts";
import {
  cleanUp,
  drainTargets,
  pause,
  reassertRoutes,
  removeHooks,
  retire,
  runningTargets,
} from "./effects.ts";
import { runHooks } from "./hooks.ts";
import { type Action, canAbort, isBeforeSwitch, nextAction } from "./machine.ts";
import type { AppRoutes, Balancer, ContainerEvents, Engine } from "./ports.ts";
import { ReadinessWatch } from "./readiness.ts";
import {
  type DeploymentRecord,
  type DeploymentStore,
  type Emit,
  machineState,
  type ReleaseRecord,
} from "./record.ts";
import { appRoutes, targetOf } from "./targets.ts";

export interface RunContext {
  engine: Engine;
  balancer: Balancer;
  events: ContainerEvents;
  store: DeploymentStore;
  /** Target ids that the app's routes lead to now. */
  currentTargets: (app: string) => string[];
  /** The switch itself: these routes at once, which follow the release's containers from now on. */
  switchTo: (release: ReleaseRecord, routes: AppRoutes) => Promise<TableApplied>;
  /** The gateway has switched, but it can't be written down: only a new control, which asks the gateway, can go on. */
  onFatal: (error: unknown) => void;
  emit: Emit;
  now: () => number;
}

/** How often what must not be left half done is tried, and the pause in between in milliseconds: two minutes in all. */
const attempts = 120;
const retryMs = 1_000;

/** Carries one deployment from its record's step to its end. Journals each intent before its effect. */
export class DeploymentRun {
  readonly record: DeploymentRecord;
  readonly #context: RunContext;
  #release: ReleaseRecord | null = null;
  #watch: ReadinessWatch | null = null;
  #stepBegan: number;
  #attempts = 0;
  readonly #handedOver = Promise.withResolvers<void>();
  readonly #watching = Promise.withResolvers<ReadinessWatch>();
  #abort = new AbortController();
  readonly #halt = new AbortController();

  constructor(context: RunContext, record: DeploymentRecord) {
    this.#context = context;
    this.record = record;
    this.#stepBegan = context.now();
    if (record.handedOver) this.#handedOver.resolve();
    if (record.release !== null) this.#release = context.store.release(record.app, record.release);
  }

  /** Aborted when the deployment is given up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The release is known and the colour is empty: watches its containers from now on. */
  watch(release: ReleaseRecord): void {
    this.#release = release;
    this.#watching.resolve(this.#ensureWatch(release));
  }

  /** Everything of the colour has been started; the lease is no longer needed. */
  handOver(): void {
    if (this.record.handedOver) return;
    this.record.handedOver = true;
    this.#save();
    this.#handedOver.resolve();
  }

  /**
   * Gives the deployment up. The first reason counts.
   * @throws CutoverError ABORTED when the old release is already being stopped
   */
  giveUp(outcome: Exclude<Outcome, "live" | "unchanged">, error: unknown): void {
    if (this.record.outcome !== null || this.record.abort || this.#halt.signal.aborted) return;
    const first = this.record.step === "drain" && this.record.previous === null;
    if (first || !canAbort(this.record.step)) {
      throw new CutoverError(
        "ABORTED",
        `it is too late to give up: the deployment is at ${this.record.step}`,
        {
          hint: first
            ? "It is the app's first release; `cutover down` takes it away."
            : "Use `cutover rollback` to bring the earlier release back.",
        },
      );
    }
    this.record.abort = { outcome, error: errorBody(error) };
    this.#save();
    this.#abort.abort();
  }

  /** Moves on to a step: durable first, then told. */
  enter(step: Step): void {
    if (this.record.step !== step) this.#finishStep("done", null);
    this.record.step = step;
    this.#stepBegan = this.#context.now();
    this.#save();
    this.#context.emit({ type: "step", step, status: "started", ms: null, detail: null });
  }

  /** The app is up to date: ends without having done anything. */
  endUnchanged(release: number): void {
    this.record.release = release;
    this.record.outcome = "unchanged";
    this.record.endedAt = this.#context.now();
    this.#save();
    this.#handedOver.resolve();
  }

  /** Lets go of the deployment where it stands, because control ends; the next control goes on with it. */
  halt(): void {
    this.#halt.abort();
    this.#watch?.[Symbol.dispose]();
  }

  /** Runs to the outcome, which stands in the record then. Never throws: what fails becomes the outcome. */
  async drive(): Promise<void> {
    for (;;) {
      const action = nextAction(machineState(this.record));
      if (action === "none" || this.#halt.signal.aborted) break;
      try {
        await this.#perform(action);
      } catch (error) {
        if (!this.#halt.signal.aborted) await this.#failed(action, error);
      }
    }
    this.#watch?.[Symbol.dispose]();
  }

  async #failed(action: Action, error: unknown): Promise<void> {
    if (
      this.record.abort &&
      (action === "await-start" || action === "await-ready" || action === "verify" || action === "drain")
    ) {
      return;
    }
    if (isBeforeSwitch(this.record.step) && action !== "clean-up") {
      this.record.abort = { outcome: isRefusal(error) ? "refused" : "aborted", error: errorBody(error) };
      this.#save();
      return;
    }
    await this.#recoverFrom(action, error);
    if (!this.#halt.signal.aborted && this.record.outcome === null) this.#save();
  }

  /** From the switch on nothing is left half done: what fails is tried again, and then gone on from. */
  async #recoverFrom(action: Action, error: unknown): Promise<void> {
    const body = errorBody(error);
    if (this.#attempts === 0) {
      this.#context.emit({ type: "warning", code: body.code, message: `${action}: ${body.message}` });
    }
    if (action === "switch") {
      await reassertRoutes(this.#context);
      this.record.step = "verify";
      this.record.abort = { outcome: isRefusal(error) ? "refused" : "aborted", error: body };
      return;
    }
    if (action === "drain") {
      this.record.draining = [];
      this.enter("retire");
      return;
    }
    this.#attempts += 1;
    if (this.#attempts < attempts && body.code !== "NOTHING_TO_ROLL_BACK") return pause(retryMs);
    this.#attempts = 0;
    if (action === "switch-back") {
      this.record.abort = null;
      this.#abort = new AbortController();
    } else if (this.record.abort) {
      await this.#end(this.record.abort.outcome);
    } else {
      this.record.complete = true;
    }
  }

  #perform(action: Action): Promise<void> {
    switch (action) {
      case "await-start":
        return this.#awaitStart();
      case "await-ready":
        return this.#awaitReady();
      case "verify":
        return this.#verify();
      case "switch":
        return this.#switch();
      case "drain":
        return this.#drain();
      case "retire":
        return this.#retire();
      case "clean-up":
        return this.#cleanUp();
      case "switch-back":
        return this.#switchBack();
      default:
        return this.#end("live");
    }
  }

  async #awaitStart(): Promise<void> {
    const broken = this.#watching.promise.then((watch) => watch.ready).then(() => this.#handedOver.promise);
    await this.#unlessAborted(Promise.race([this.#handedOver.promise, broken]));
    if (this.record.outcome === null) this.enter("ready");
  }

  async #awaitReady(): Promise<void> {
    const watch = this.#ensureWatch(this.#known());
    const timeoutMs = this.record.readyTimeoutMs ?? this.#known().release.settings.readyTimeoutMs;
    const timer = setTimeout(() => void watch.expire(timeoutMs), timeoutMs);
    try {
      const ready = await this.#unlessAborted(watch.ready);
      this.record.firstGoodAt = ready.firstGoodAt;
      this.enter("verify");
    } finally {
      clearTimeout(timer);
    }
  }

  async #verify(): Promise<void> {
    const { release } = this.#known();
    const watch = this.#ensureWatch(this.#known());
    const ready = await this.#unlessAborted(watch.ready);
    if (this.record.kind === "deploy") await this.#unlessAborted(this.#hooks("pre-switch"));
    const seen = await Promise.all(
      ready.containers.map((container) => this.#context.engine.inspect(container.id)),
    );
    const gone = seen.findIndex(
      (container) => container?.status !== "running" || container.health === "unhealthy",
    );
    await watch.alive();
    if (gone >= 0) {
      const service = ready.containers[gone]?.labels[label.service] ?? release.app;
      throw new CutoverError("CONTAINER_EXITED", `${service} ended between its last probe and the switch`);
    }
    if (!this.record.abort) this.enter("switch");
  }

  async #switch(): Promise<void> {
    const { store, balancer, currentTargets, switchTo, now } = this.#context;
    const row = this.#known();
    const watch = this.#ensureWatch(row);
    const ready = await this.#unlessAborted(watch.ready);
    await watch.alive();
    const routes = appRoutes(row.release, ready.targets, await gatewayPort(balancer));
    const fresh = new Set([...ready.targets.values()].flat().map((target) => target.id));
    this.record.draining = currentTargets(this.record.app).filter((id) => !fresh.has(id));
    this.#save();
    const live: ReleaseRecord = { ...row, state: "live", colour: this.record.colour, retiredAt: null };
    await watch.alive();
    const applied = await switchTo(live, routes);
    this.#finishStep("done", null);
    this.record.switchedAt = now();
    this.record.workers = applied.workers;
    this.record.step = "drain";
    this.#stepBegan = this.record.switchedAt;
    live.liveAt = this.record.switchedAt;
    try {
      store.commitSwitch(this.record, live, routes);
    } catch (error) {
      this.halt();
      this.#context.onFatal(error);
      return;
    }
    this.#release = live;
    this.#context.emit({
      type: "switched",
      generation: applied.generation,
      workers: applied.workers,
      ms: applied.ms,
    });
    this.#context.emit({ type: "step", step: "drain", status: "started", ms: null, detail: null });
    watch[Symbol.dispose]();
  }

  async #drain(): Promise<void> {
    const { release } = this.#known();
    const hooks = this.record.kind === "deploy" ? this.#hooks("post-deploy") : Promise.resolve();
    const warned = hooks.catch((error: unknown) => {
      const body = errorBody(error);
      this.#context.emit({ type: "warning", code: body.code, message: body.message });
    });
    const result = await drainTargets(this.#context, this.record.draining, release.settings, this.#stop);
    if (this.record.abort || this.#halt.signal.aborted) return;
    if (result) this.record.drained = result;
    await this.#unlessAborted(warned);
    this.record.draining = [];
    this.enter("retire");
  }

  async #retire(): Promise<void> {
    const { store, now } = this.#context;
    const { record } = this;
    if (record.previous !== null && record.previous !== record.release) {
      await retire(this.#context, record.app, record.previous, otherColour(record.colour));
      const previous = store.release(record.app, record.previous);
      if (previous) store.saveRelease({ ...previous, state: "retired", retiredAt: now() });
    }
    await removeHooks(this.#context, record.id);
    this.#finishStep("done", null);
    record.complete = true;
    this.#save();
  }

  async #cleanUp(): Promise<void> {
    const { record } = this;
    this.#watch?.[Symbol.dispose]();
    if (this.#attempts === 0) this.#finishStep("failed", record.abort?.error.message ?? null);
    this.#markGivenUp();
    await cleanUp(this.#context, record);
    await this.#end(record.abort?.outcome ?? "aborted");
  }

  async #switchBack(): Promise<void> {
    const { record } = this;
    const { balancer, store, switchTo, now } = this.#context;
    const previous = record.previous === null ? null : store.release(record.app, record.previous);
    if (!previous)
      throw new CutoverError("NOTHING_TO_ROLL_BACK", "there is no earlier release to switch back to");
    if (store.liveRelease(record.app) !== record.previous) {
      record.draining = this.#context.currentTargets(record.app);
      this.#save();
      const targets = await runningTargets(this.#context, previous);
      const routes = appRoutes(previous.release, targets, await gatewayPort(balancer));
      const back: ReleaseRecord = { ...previous, state: "live", liveAt: now() };
      const applied = await switchTo(back, routes);
      store.commitSwitch(record, back, routes);
      const { generation, workers, ms } = applied;
      this.#context.emit({ type: "switched", generation, workers, ms });
    }
    this.#markGivenUp();
    await drainTargets(this.#context, record.draining, previous.release.settings, this.#halt.signal);
    if (this.#halt.signal.aborted) return;
    await cleanUp(this.#context, record);
    await this.#end("aborted");
  }

  #markGivenUp(): void {
    const { record } = this;
    if (record.release === null) return;
    const row = this.#context.store.release(record.app, record.release);
    if (!row) return;
    const state =
      record.kind === "rollback" ? "retired" : record.abort?.outcome === "refused" ? "refused" : "aborted";
    this.#context.store.saveRelease({ ...row, state, retiredAt: this.#context.now() });
  }

  async #end(outcome: Outcome): Promise<void> {
    const { record } = this;
    record.endedAt = this.#context.now();
    record.error = record.abort?.error ?? null;
    record.receipt = outcome === "live" ? await deploymentReceipt(this.#context.balancer, record) : null;
    record.outcome = outcome;
    this.#save();
  }

  /** Given up or halted: nothing goes on waiting. */
  get #stop(): AbortSignal {
    return AbortSignal.any([this.#abort.signal, this.#halt.signal]);
  }

  #hooks(phase: "pre-switch" | "post-deploy"): Promise<void> {
    const { engine, emit } = this.#context;
    const { hooks } = this.#known().release;
    return runHooks({ engine, deployment: this.record.id, phase, hooks, emit, signal: this.#abort.signal });
  }

  #ensureWatch(row: ReleaseRecord): ReadinessWatch {
    this.#watch ??= new ReadinessWatch({
      engine: this.#context.engine,
      balancer: this.#context.balancer,
      events: this.#context.events,
      selector: {
        [label.app]: row.release.app,
        [label.colour]: this.record.colour,
        [label.release]: String(row.release.number),
      },
      services: row.release.services,
      targetOf,
      onProgress: (progress) => this.#context.emit({ type: "container", ...progress }),
    });
    return this.#watch;
  }

  #known(): ReleaseRecord {
    if (!this.#release)
      throw new CutoverError(
        "INTERNAL",
        `deployment ${this.record.id} has no release at ${this.record.step}`,
      );
    return this.#release;
  }

  #unlessAborted<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(work, this.#stop);
  }

  #finishStep(status: "done" | "failed", detail: string | null): void {
    const ms = this.#context.now() - this.#stepBegan;
    this.record.stepMs[this.record.step] = (this.record.stepMs[this.record.step] ?? 0) + ms;
    this.#context.emit({ type: "step", step: this.record.step, status, ms, detail });
  }

  #save(): void {
    if (this.#halt.signal.aborted) throw new CutoverError("ABORTED", "control is ending");
    this.#context.store.save(this.record);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CutoverError && (error.code === "NOT_HEALTHY" || error.code === "CONTAINER_EXITED");
}

async function gatewayPort(balancer: Balancer): Promise<number | null> {
  const status = await balancer.status();
  return status.listeners.find((listener) => listener.name === "http")?.port ?? null;
}

import type { Outcome, Step } from "../model/deployment.ts";
import { CutoverError } from "../model/error.ts";
import type { TableApplied } from "../model/gateway-api.ts";
import { label } from "../model/labels.ts";
import type { Target } from "../model/route.ts";
import { unlessAborted } from "./abortable.ts";
import { deploymentReceipt } from "./deployment-receipt.ts";
import { runHooks } from "./hooks.ts";
import type { AppRoutes, Balancer, ContainerEvents, Engine } from "./ports.ts";
import { ReadinessWatch } from "./readiness.ts";
import type { DeploymentRecord, DeploymentStore, Emit, ReleaseRecord } from "./record.ts";
import { targetOf } from "./targets.ts";

export interface RunContext {
  engine: Engine;
  balancer: Balancer;
  events: ContainerEvents;
  store: DeploymentStore;
  /** Target ids that the app's routes lead to now. */
  currentTargets: (app: string) => string[];
  /** The switch itself: these routes to these targets at once, which follow the release's containers from now on. */
  switchTo: (
    release: ReleaseRecord,
    routes: AppRoutes,
    byService: ReadonlyMap<string, Target[]>,
  ) => Promise<TableApplied>;
  /** The gateway has switched, but it can't be written down: only a new control, which asks the gateway, can go on. */
  onFatal: (error: unknown) => void;
  emit: Emit;
  now: () => number;
}

/** Where one deployment stands: its record, its release, what is watched and what may end a wait. */
export class Progress {
  readonly context: RunContext;
  readonly record: DeploymentRecord;
  readonly handedOver = Promise.withResolvers<void>();
  readonly watching = Promise.withResolvers<ReadinessWatch>();
  /** Aborted when the deployment is given up; a new one when it goes on after all. */
  abort = new AbortController();
  readonly halt = new AbortController();
  #release: ReleaseRecord | null = null;
  #watch: ReadinessWatch | null = null;
  #stepBegan: number;
  #stepFailed = false;

  constructor(context: RunContext, record: DeploymentRecord) {
    this.context = context;
    this.record = record;
    this.#stepBegan = context.now();
    if (record.handedOver) this.handedOver.resolve();
    if (record.release !== null) this.#release = context.store.release(record.app, record.release);
  }

  /** @throws CutoverError INTERNAL before it is known */
  get release(): ReleaseRecord {
    if (this.#release) return this.#release;
    const { id, step } = this.record;
    throw new CutoverError("INTERNAL", `deployment ${id} has no release at ${step}`);
  }

  set release(release: ReleaseRecord) {
    this.#release = release;
  }

  /** Given up or halted: nothing goes on waiting. */
  get stop(): AbortSignal {
    return AbortSignal.any([this.abort.signal, this.halt.signal]);
  }

  /** Durable when it returns. @throws CutoverError ABORTED once control ends: the record belongs to the next one */
  save(): void {
    if (this.halt.signal.aborted) throw new CutoverError("ABORTED", "control is ending");
    this.context.store.save(this.record);
  }

  /** Moves on to a step: durable first, then told. */
  enter(step: Step): void {
    if (this.record.step !== step) this.finishStep("done", null);
    this.record.step = step;
    this.beginStep();
    this.save();
    this.context.emit({ type: "step", step, status: "started", ms: null, detail: null });
  }

  /** The present step's time counts from now. */
  beginStep(): void {
    this.#stepBegan = this.context.now();
  }

  /** Told once, however often it is tried to clean up after it. */
  failStep(detail: string | null): void {
    if (this.#stepFailed) return;
    this.#stepFailed = true;
    this.finishStep("failed", detail);
  }

  finishStep(status: "done" | "failed", detail: string | null): void {
    const { record, context } = this;
    const ms = context.now() - this.#stepBegan;
    record.stepMs[record.step] = (record.stepMs[record.step] ?? 0) + ms;
    context.emit({ type: "step", step: record.step, status, ms, detail });
  }

  /** The watch over the release's containers; it begins with the first call. */
  watch(): ReadinessWatch {
    const { engine, balancer, events, emit } = this.context;
    const { release } = this.release;
    this.#watch ??= new ReadinessWatch({
      engine,
      balancer,
      events,
      selector: {
        [label.app]: release.app,
        [label.colour]: this.record.colour,
        [label.release]: String(release.number),
      },
      services: release.services,
      targetOf,
      onProgress: (progress) => emit({ type: "container", ...progress }),
    });
    return this.#watch;
  }

  unwatch(): void {
    this.#watch?.[Symbol.dispose]();
  }

  hooks(phase: "pre-switch" | "post-deploy"): Promise<void> {
    if (this.record.kind !== "deploy") return Promise.resolve();
    const { engine, emit } = this.context;
    const { hooks } = this.release.release;
    return runHooks({ engine, deployment: this.record.id, phase, hooks, emit, signal: this.abort.signal });
  }

  unlessStopped<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(work, this.stop);
  }

  async end(outcome: Outcome): Promise<void> {
    const { record, context } = this;
    record.endedAt = context.now();
    record.error = record.abort?.error ?? null;
    record.receipt = outcome === "live" ? await deploymentReceipt(context.balancer, record) : null;
    record.outcome = outcome;
    this.save();
  }
}

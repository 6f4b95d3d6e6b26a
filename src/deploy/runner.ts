import type { Outcome, Step } from "../model/deployment.ts";
import { CutoverError, errorBody } from "../model/error.ts";
import { pause, reassertRoutes } from "./effects.ts";
import { removeNew, switchBack } from "./giving-up.ts";
import { type Action, canAbort, isBeforeSwitch, nextAction } from "./machine.ts";
import { Progress, type RunContext } from "./progress.ts";
import { type DeploymentRecord, machineState, type ReleaseRecord } from "./record.ts";
import { awaitReady, awaitStart, drain, retireOld, switchOver, verify } from "./steps.ts";

/** How often what must not be left half done is tried, and the pause in between in milliseconds: two minutes in all. */
const attempts = 120;
const retryMs = 1_000;

/** What each action does. */
const actions: Record<Exclude<Action, "none">, (run: Progress) => Promise<void>> = {
  "await-start": awaitStart,
  "await-ready": awaitReady,
  verify,
  switch: switchOver,
  drain,
  retire: retireOld,
  "clean-up": removeNew,
  "switch-back": switchBack,
  finish: (run) => run.end("live"),
};

/** Carries one deployment from its record's step to its end. Journals each intent before its effect. */
export class DeploymentRun {
  readonly record: DeploymentRecord;
  readonly #run: Progress;
  #attempts = 0;

  constructor(context: RunContext, record: DeploymentRecord) {
    this.record = record;
    this.#run = new Progress(context, record);
  }

  /** Aborted when the deployment is given up. */
  get signal(): AbortSignal {
    return this.#run.abort.signal;
  }

  /** The release is known and the colour is empty: watches its containers from now on. */
  watch(release: ReleaseRecord): void {
    this.#run.release = release;
    this.#run.watching.resolve(this.#run.watch());
  }

  /** Everything of the colour has been started; the lease is no longer needed. */
  handOver(): void {
    if (this.record.handedOver) return;
    this.record.handedOver = true;
    this.#run.save();
    this.#run.handedOver.resolve();
  }

  /**
   * Gives the deployment up. The first reason counts.
   * @throws CutoverError ABORTED when the old release is already being stopped
   */
  giveUp(outcome: Exclude<Outcome, "live" | "unchanged">, error: unknown): void {
    if (this.record.outcome !== null || this.record.abort || this.#run.halt.signal.aborted) return;
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
    this.#run.save();
    this.#run.abort.abort();
  }

  /** Moves on to a step: durable first, then told. */
  enter(step: Step): void {
    this.#run.enter(step);
  }

  /** The app is up to date: ends without having done anything. */
  endUnchanged(release: number): void {
    this.record.release = release;
    this.record.outcome = "unchanged";
    this.record.endedAt = this.#run.context.now();
    this.#run.save();
    this.#run.handedOver.resolve();
  }

  /** Lets go of the deployment where it stands, because control ends; the next control goes on with it. */
  halt(): void {
    this.#run.halt.abort();
    this.#run.unwatch();
  }

  /** Runs to the outcome, which stands in the record then. Never throws: what fails becomes the outcome. */
  async drive(): Promise<void> {
    for (;;) {
      const action = nextAction(machineState(this.record));
      if (action === "none" || this.#run.halt.signal.aborted) break;
      try {
        await actions[action](this.#run);
      } catch (error) {
        if (!this.#run.halt.signal.aborted) await this.#failed(action, error);
      }
    }
    this.#run.unwatch();
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
      this.#run.save();
      return;
    }
    await this.#recoverFrom(action, error);
    if (!this.#run.halt.signal.aborted && this.record.outcome === null) this.#run.save();
  }

  /** From the switch on nothing is left half done: what fails is tried again, and then gone on from. */
  async #recoverFrom(action: Action, error: unknown): Promise<void> {
    const body = errorBody(error);
    if (this.#attempts === 0) {
      this.#run.context.emit({ type: "warning", code: body.code, message: `${action}: ${body.message}` });
    }
    if (action === "switch") {
      await reassertRoutes(this.#run.context);
      this.record.step = "verify";
      this.record.abort = { outcome: isRefusal(error) ? "refused" : "aborted", error: body };
      return;
    }
    if (action === "drain") {
      this.record.draining = [];
      this.#run.enter("retire");
      return;
    }
    this.#attempts += 1;
    if (this.#attempts < attempts && body.code !== "NOTHING_TO_ROLL_BACK") return pause(retryMs);
    this.#attempts = 0;
    if (action === "switch-back") {
      await reassertRoutes(this.#run.context);
      this.record.draining = [];
      this.record.abort = null;
      this.#run.abort = new AbortController();
    } else if (this.record.abort) {
      await this.#run.end(this.record.abort.outcome);
    } else {
      this.record.complete = true;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CutoverError && (error.code === "NOT_HEALTHY" || error.code === "CONTAINER_EXITED");
}

import { EventEmitter } from "node:events";
import { CutoverError } from "../../model/error.ts";
import type { DrainEvent, DrainRequest } from "../../model/gateway-api.ts";
import { type DrainCount, addCounts, cutAll } from "../drain-count.ts";
import { keepDrainsMs } from "../drains.ts";
import type { KernelSwitch } from "../kernel/kernel-switch.ts";
import type { Pool } from "./pool.ts";

/** A progress event is sent at most this often. */
const progressEveryMs = 100;

/** Stands for a worker's id in what the kernel has; those of workers begin with 1. */
export const inKernel = 0;

/** What all workers and the kernel together still owe the targets that are drained. */
export class DrainBoard {
  /** Target, then worker id. */
  readonly #counts = new Map<string, Map<number, DrainCount>>();
  readonly #startedAt = new Map<string, number>();
  readonly #changed = new EventEmitter().setMaxListeners(0);

  /** Takes counts that a worker reports. Those of targets that are not drained any more are dropped. */
  report(worker: number, counts: DrainCount[]): void {
    for (const count of counts) this.#counts.get(count.target)?.set(worker, count);
    this.#changed.emit("change");
  }

  /** A worker died: what it held is cut. */
  died(worker: number): void {
    for (const byWorker of this.#counts.values()) {
      const count = byWorker.get(worker);
      if (count) byWorker.set(worker, cutAll(count));
    }
    this.#changed.emit("change");
  }

  /** Forgets targets that are in the table again; their drains end without `done`. */
  keep(targets: ReadonlySet<string>): void {
    for (const target of this.#counts.keys()) if (targets.has(target)) this.#forget(target);
    this.#changed.emit("change");
  }

  /**
   * Starts the drain of targets, or joins the one under way, and follows it to its end. Ending the iteration leaves
   * the deadlines as they are.
   *
   * @throws CutoverError GATEWAY_REFUSED when a target came back into the table meanwhile
   */
  async *drain(
    pool: Pool,
    kernel: Pick<KernelSwitch, "drain"> | null,
    request: DrainRequest,
    signal: AbortSignal,
  ): AsyncGenerator<DrainEvent> {
    const now = Date.now();
    for (const [target, since] of this.#startedAt) {
      const { requests, connections } = this.#sum([target]);
      if (since < now - keepDrainsMs && requests + connections === 0) this.#forget(target);
    }
    for (const target of request.targets) {
      if (!this.#counts.has(target)) this.#counts.set(target, new Map());
      if (!this.#startedAt.has(target)) this.#startedAt.set(target, now);
    }
    const startedAt = Math.min(now, ...request.targets.map((target) => this.#startedAt.get(target) ?? now));
    await Promise.all([
      ...pool.ready.map(async (member) => {
        const counts = await pool.ask(member, { type: "drain", request });
        if (counts) this.report(member.id, counts);
      }),
      kernel?.drain(request).then((counts) => this.report(inKernel, counts)),
    ]);
    let told = "";
    let toldAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const sum = this.#sum(request.targets);
      const { requests, connections } = sum;
      if (requests === 0 && connections === 0) {
        yield { type: "done", ...sum, ms: Date.now() - startedAt };
        return;
      }
      const text = `${requests} ${connections}`;
      const wait = text === told ? null : toldAt + progressEveryMs - performance.now();
      if (wait !== null && wait <= 0) {
        told = text;
        toldAt = performance.now();
        yield { type: "progress", requests, connections };
      } else await this.#nextChange(wait, signal);
    }
  }

  #sum(targets: string[]): Omit<DrainCount, "target"> {
    const counts = targets.flatMap((target) => {
      const byWorker = this.#counts.get(target);
      if (!byWorker) throw new CutoverError("GATEWAY_REFUSED", `target ${target} is in the table again`);
      return [...byWorker.values()];
    });
    return addCounts(counts);
  }

  /** Resolves at the next change, at the signal, or after `ms` if that is a number. */
  #nextChange(ms: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#changed.off("change", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = ms === null ? undefined : setTimeout(done, ms);
      this.#changed.once("change", done);
      signal.addEventListener("abort", done);
    });
  }

  #forget(target: string): void {
    this.#counts.delete(target);
    this.#startedAt.delete(target);
  }
}

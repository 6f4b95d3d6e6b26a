import type { LeaseOrder, LeaseReport } from "../../../../src/gateway/balance/lease-messages.ts";
import { WaitQueue, Waiter } from "../../../../src/gateway/balance/queue.ts";
import { selectTarget } from "../../../../src/gateway/balance/select.ts";
import { WorkerLeases } from "../../../../src/gateway/balance/worker-leases.ts";
import { LeaseBook } from "../../../../src/gateway/primary/leases.ts";
import { TargetClaim } from "../../../../src/gateway/claims.ts";
import { BackendState, TargetState } from "../../../../src/gateway/target-state.ts";

/** Limits by target id: the table of this world. */
export type Limits = ReadonlyMap<string, number>;

type Down = { orders: LeaseOrder[] } | { limits: Limits };

const now = 1_000;
const cutter = { timeout: () => undefined, close: () => undefined };

/** A worker with its real parts; what it says and hears goes through lists that the test delivers from. */
export class World {
  readonly up = new Map<number, LeaseReport[][]>();
  readonly down = new Map<number, Down[]>();
  readonly workers = new Map<number, WorldWorker>();
  /** Killed workers whose end the primary has not heard of. */
  readonly dying = new Set<number>();
  readonly book: LeaseBook;
  messages = 0;
  limits: Limits;
  #nextWorker = 1;

  constructor(workers: number, limits: Limits) {
    this.limits = limits;
    this.book = new LeaseBook((worker, orders) => {
      this.messages += 1;
      this.down.get(worker)?.push({ orders });
    });
    this.book.setLimits(limits);
    for (let count = 0; count < workers; count += 1) this.join();
  }

  join(): void {
    const id = this.#nextWorker++;
    this.up.set(id, []);
    this.down.set(id, [{ limits: this.limits }]);
    this.workers.set(
      id,
      new WorldWorker((reports) => {
        this.messages += 1;
        this.up.get(id)?.push(reports);
      }),
    );
    this.book.joined(id);
  }

  kill(id: number): void {
    if (this.workers.delete(id)) this.dying.add(id);
  }

  bury(id: number): void {
    if (!this.dying.delete(id)) return;
    this.book.left(id);
    this.up.delete(id);
    this.down.delete(id);
  }

  setLimits(limits: Limits): void {
    this.limits = limits;
    this.book.setLimits(limits);
    for (const channel of this.down.values()) channel.push({ limits });
  }

  deliverDown(id: number): void {
    const message = this.down.get(id)?.shift();
    const worker = this.workers.get(id);
    if (!message || !worker) return;
    if ("limits" in message) worker.take(message.limits);
    else worker.leases.obey(message.orders);
  }

  deliverUp(id: number): void {
    const reports = this.up.get(id)?.shift();
    if (reports) this.book.report(id, reports);
  }

  /** Delivers all, ticks twice and delivers again: after it nothing changes by itself. */
  settle(): void {
    for (const id of [...this.dying]) this.bury(id);
    for (let round = 0; round < 3; round += 1) {
      this.deliverAll();
      for (const worker of this.workers.values()) worker.leases.tick();
      this.deliverAll();
      this.book.tick();
    }
    this.deliverAll();
  }

  deliverAll(): void {
    for (let left = 10_000; left > 0; left -= 1) {
      const ids = [...this.workers.keys()];
      const busy = ids.filter((id) => this.up.get(id)?.length || this.down.get(id)?.length);
      if (busy.length === 0) return;
      for (const id of busy) {
        this.deliverUp(id);
        this.deliverDown(id);
      }
    }
    throw new Error("messages without end");
  }

  inFlight(target: string): number {
    return [...this.workers.values()].reduce((total, worker) => total + worker.inFlight(target), 0);
  }

  get waiting(): number {
    return [...this.workers.values()].reduce((total, worker) => total + worker.queue.size, 0);
  }

  /** True when no worker has a table still to come. */
  get isCommitted(): boolean {
    return [...this.workers.keys()].every((id) => !this.down.get(id)?.some((one) => "limits" in one));
  }
}

export class WorldWorker {
  readonly leases: WorkerLeases;
  readonly queue = new WaitQueue(1_000, 10_000);
  readonly claims: TargetClaim[] = [];
  readonly waiters: Waiter[] = [];
  limits: Limits | null = null;
  served = 0;
  #targets = new Map<string, TargetState>();
  /** States of targets that left the table: what comes back has a new one. */
  readonly #former: TargetState[] = [];
  #backend = backendOf(new Map(), []);

  constructor(report: (reports: LeaseReport[]) => void) {
    this.leases = new WorkerLeases(report);
  }

  take(limits: Limits): void {
    this.limits = limits;
    const targets = [...limits.keys()].map(
      (id) => this.#targets.get(id) ?? new TargetState({ id, address: "10.0.0.1", port: 80 }, 0),
    );
    for (const target of this.#targets.values()) if (!targets.includes(target)) this.#former.push(target);
    this.#targets = new Map(targets.map((target) => [target.id, target]));
    this.#backend = backendOf(limits, targets);
    this.leases.adopt([[this.#backend, this.queue]]);
    this.queue.wake();
  }

  arrive(): void {
    if (this.queue.size === 0 && this.#claim()) return;
    const waiter = new Waiter({ turn: () => this.#claim(), expired: () => undefined });
    this.waiters.push(waiter);
    this.queue.join(waiter, now);
  }

  finish(pick: number): void {
    const [claim] = this.claims.splice(pick % Math.max(1, this.claims.length), 1);
    claim?.release();
  }

  giveUp(pick: number): void {
    const [waiter] = this.waiters.splice(pick % Math.max(1, this.waiters.length), 1);
    waiter?.leave();
  }

  setDown(target: string, down: boolean): void {
    const state = this.#targets.get(target);
    if (state) state.down = down;
    this.queue.wake();
  }

  inFlight(target: string): number {
    const states = [...this.#targets.values(), ...this.#former].filter((state) => state.id === target);
    return states.reduce((total, state) => total + state.inFlight, 0);
  }

  #claim(): boolean {
    const target = selectTarget(this.#backend, now, Math.random, null);
    if (!target) return false;
    const claim = new TargetClaim(cutter);
    claim.begin(target);
    this.claims.push(claim);
    this.served += 1;
    return true;
  }
}

function backendOf(limits: Limits, targets: TargetState[]): BackendState {
  const maxInFlight = Math.max(0, ...limits.values());
  const backend = { id: "b", app: "a", service: "s", release: 1, targets, policy: { maxInFlight } };
  return new BackendState(backend, targets);
}

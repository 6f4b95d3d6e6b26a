import type { BackendState, TargetState } from "../target-state.ts";
import type { LeaseOrder, LeaseReport } from "./lease-messages.ts";
import type { WaitQueue } from "./queue.ts";

/** What a worker holds of one target's limit. */
interface Lease {
  readonly id: string;
  /** Null while this worker's table has not had the target. Kept after it, for what is still in flight in it. */
  target: TargetState | null;
  /** Null while the worker's table has no limited target of this id. */
  queue: WaitQueue | null;
  /** States of the same target from before it left a table or changed its address, with requests in flight. */
  former: TargetState[];
  shares: number;
  owed: number;
  asked: number;
  /** What the primary was last told to wait. */
  reported: number;
  /** Those who wait could not use a share of it: none is asked for until the next tick. */
  useless: boolean;
}

/**
 * One worker's shares of the targets that have a limit. It sets `limit` and `freed` of these targets, and wakes
 * the queue when there is room.
 */
export class WorkerLeases {
  readonly #report: (reports: LeaseReport[]) => void;
  readonly #leases = new Map<string, Lease>();
  readonly #queues = new Set<WaitQueue>();

  constructor(report: (reports: LeaseReport[]) => void) {
    this.#report = report;
  }

  /**
   * Takes all backends of a new table, each with its queue. Shares for targets that are new in it may have come
   * before; what is in flight in targets that are not in it any more keeps its shares until it ends.
   */
  adopt(backends: Iterable<readonly [BackendState, WaitQueue]>): void {
    for (const lease of this.#leases.values()) lease.queue = null;
    for (const queue of this.#queues) queue.changed = null;
    this.#queues.clear();
    for (const [backend, queue] of backends) {
      if (backend.backend.policy?.maxInFlight === undefined) {
        for (const target of backend.targets) this.#detach(target);
      } else this.#attach(backend.targets, queue);
    }
    for (const lease of this.#leases.values()) this.#settle(lease, false);
  }

  obey(orders: readonly LeaseOrder[]): void {
    for (const order of orders) {
      const lease = this.#leaseOf(order.target);
      lease.shares += order.grant;
      lease.owed += order.owe;
      lease.asked = order.asked;
      this.#settle(lease, order.grant > 0);
    }
  }

  /** To be called a few times a second: tells the primary again what waits. */
  tick(): void {
    const reports: LeaseReport[] = [];
    for (const lease of this.#leases.values()) {
      lease.useless = false;
      const waiting = lease.queue?.size ?? 0;
      if (waiting === 0 && lease.reported === 0) continue;
      lease.reported = waiting;
      reports.push({ target: lease.id, returned: 0, waiting });
    }
    if (reports.length > 0) this.#report(reports);
  }

  #attach(targets: readonly TargetState[], queue: WaitQueue): void {
    const leases = targets.map((target) => {
      const lease = this.#leaseOf(target.id);
      if (lease.target !== null && lease.target !== target) lease.former.push(lease.target);
      lease.target = target;
      lease.queue = queue;
      limit(lease);
      target.freed = () => this.#freed(lease);
      return lease;
    });
    queue.changed = () => {
      for (const lease of leases) this.#waitingChanged(lease, queue.size);
    };
    this.#queues.add(queue);
  }

  /** Ends the limit of a target that goes on without. */
  #detach(target: TargetState): void {
    target.limit = Number.POSITIVE_INFINITY;
    target.freed = null;
    const lease = this.#leases.get(target.id);
    if (lease) lease.target = null;
  }

  #leaseOf(id: string): Lease {
    const known = this.#leases.get(id);
    if (known) return known;
    const made: Lease = {
      id,
      target: null,
      queue: null,
      former: [],
      shares: 0,
      owed: 0,
      asked: 0,
      reported: 0,
      useless: false,
    };
    this.#leases.set(id, made);
    return made;
  }

  #freed(lease: Lease): void {
    const waits = lease.queue !== null && lease.queue.size > 0;
    if (waits || lease.former.length > 0 || lease.owed > 0 || lease.asked > 0) this.#settle(lease, false);
  }

  #waitingChanged(lease: Lease, waiting: number): void {
    if (waiting === 0 || lease.useless || waiting < 2 * lease.reported) return;
    lease.reported = waiting;
    this.#report([{ target: lease.id, returned: 0, waiting }]);
  }

  /** Gives back what is owed, then lets those who wait use what is idle, then gives back of it what others ask for. */
  #settle(lease: Lease, granted: boolean): void {
    if (lease.former.length > 0) {
      lease.former = lease.former.filter((target) => target.inFlight > 0);
      limit(lease);
    }
    const owed = Math.min(lease.owed, idleOf(lease));
    lease.owed -= owed;
    take(lease, owed);
    const queue = lease.queue;
    if (queue !== null && queue.size > 0 && idleOf(lease) > 0) {
      queue.wake();
      lease.useless = queue.size > 0 && idleOf(lease) > 0;
    }
    const asked = Math.min(lease.asked, idleOf(lease));
    lease.asked -= asked;
    take(lease, asked);
    const waiting = queue === null || lease.useless ? 0 : queue.size;
    if (owed + asked > 0 || (granted && waiting > 0)) {
      lease.reported = waiting;
      this.#report([{ target: lease.id, returned: owed + asked, waiting }]);
    }
    if (queue === null && lease.shares === 0) this.#forget(lease);
  }

  #forget(lease: Lease): void {
    this.#leases.delete(lease.id);
    if (lease.target !== null) lease.target.freed = null;
  }
}

function take(lease: Lease, count: number): void {
  lease.shares -= count;
  limit(lease);
}

function limit(lease: Lease): void {
  if (lease.target !== null) lease.target.limit = lease.shares - formerInFlight(lease);
}

function idleOf(lease: Lease): number {
  return Math.max(0, lease.shares - (lease.target?.inFlight ?? 0) - formerInFlight(lease));
}

function formerInFlight(lease: Lease): number {
  return lease.former.reduce((total, target) => total + target.inFlight, 0);
}

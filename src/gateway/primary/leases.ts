import type { RoutingTable } from "../../model/route.ts";
import type { LeaseOrder, LeaseReport } from "../balance/lease-messages.ts";

/** What one worker holds of one target, as far as the primary knows. */
interface Holding {
  readonly worker: number;
  /** Shares that it has or that are on their way, in either direction. */
  held: number;
  /** Of these, what it was told to give back. It may owe more, never less. */
  owed: number;
  /** What it was last told that others could use, less what it gave since. */
  asked: number;
  /** Requests that wait in it, less what it was granted since it said so. */
  waiting: number;
  /** Orders those who wait: grows with every report of a wait and every grant. */
  since: number;
  /** What the next order to it grants and claims back. */
  grant: number;
  owe: number;
}

interface Shared {
  readonly target: string;
  /** 0 once the target is not in the table any more. */
  limit: number;
  readonly holdings: Map<number, Holding>;
}

/**
 * Divides the requests that targets allow in flight among the workers. All shares of a target that workers hold, or
 * that are on their way to or from one, are never more than its limit: what a limit that was lowered makes too many is
 * claimed back, and nothing is granted meanwhile.
 *
 * At first all workers get the same. A worker that is short says how many requests wait; others give back what lies
 * idle with them, and go on doing so while it waits. Where all is in use and several are short, `tick` moves shares
 * until each has the same.
 */
export class LeaseBook {
  readonly #send: (worker: number, orders: LeaseOrder[]) => void;
  readonly #workers = new Set<number>();
  readonly #shared = new Map<string, Shared>();
  readonly #outbox = new Map<number, LeaseOrder[]>();
  #clock = 0;

  constructor(send: (worker: number, orders: LeaseOrder[]) => void) {
    this.#send = send;
  }

  /**
   * Takes the limits of a new table, by target id. To be called before the workers take the table, so that the orders
   * reach them first.
   */
  setLimits(limits: ReadonlyMap<string, number>): void {
    for (const target of limits.keys()) {
      if (!this.#shared.has(target)) this.#shared.set(target, { target, limit: 0, holdings: new Map() });
    }
    for (const shared of this.#shared.values()) {
      const before = shared.limit;
      shared.limit = limits.get(shared.target) ?? 0;
      if (shared.limit < before) this.#claimBack(shared);
      if (shared.limit > before) for (const worker of this.#workers) this.#divide(shared, worker);
      this.#settle(shared);
    }
    this.#flush();
  }

  /** A worker is there and will read its orders. */
  joined(worker: number): void {
    this.#workers.add(worker);
    for (const shared of this.#shared.values()) {
      this.#divide(shared, worker);
      this.#settle(shared);
    }
    this.#flush();
  }

  /** A worker's process has ended: what it held is free. Not to be called before. */
  left(worker: number): void {
    this.#workers.delete(worker);
    for (const shared of this.#shared.values()) {
      shared.holdings.delete(worker);
      this.#settle(shared);
    }
    this.#flush();
  }

  /** Takes what a worker reports; of one that has left it is ignored. */
  report(worker: number, reports: readonly LeaseReport[]): void {
    if (!this.#workers.has(worker)) return;
    for (const { target, returned, waiting } of reports) {
      const shared = this.#shared.get(target);
      if (!shared) continue;
      const holding = this.#holdingOf(shared, worker);
      holding.held -= returned;
      holding.owed = Math.max(0, holding.owed - returned);
      holding.asked = Math.max(0, holding.asked - returned);
      if (waiting > 0 && holding.waiting === 0) holding.since = ++this.#clock;
      holding.waiting = waiting;
      this.#settle(shared);
    }
    this.#flush();
  }

  /** To be called a few times a second: moves shares from workers that have more to those that wait with less. */
  tick(): void {
    for (const shared of this.#shared.values()) {
      const waiting = [...shared.holdings.values()].filter((holding) => holding.waiting > 0);
      if (waiting.length < 2 || freeOf(shared) > 0) continue;
      const part = Math.floor(sum(waiting, netOf) / waiting.length);
      const wanted = Math.max(1, part);
      let lacking = sum(waiting, (holding) => Math.max(0, wanted - netOf(holding)));
      lacking -= sum([...shared.holdings.values()], (holding) => holding.owed);
      for (const holding of waiting.toSorted((a, b) => netOf(b) - netOf(a))) {
        const given = Math.min(lacking, netOf(holding) - part);
        if (given <= 0) break;
        holding.owe += given;
        lacking -= given;
        this.#order(shared, holding);
      }
    }
    this.#flush();
  }

  /** Gives a worker the same part as others of a limit that is new to it, as far as it is free. */
  #divide(shared: Shared, worker: number): void {
    const holding = this.#holdingOf(shared, worker);
    const part = Math.floor(shared.limit / this.#workers.size) - holding.held;
    holding.grant += Math.max(0, Math.min(part, freeOf(shared)));
  }

  /** Claims back what is above the limit, from everyone: what is idle anywhere must not be used before it is below. */
  #claimBack(shared: Shared): void {
    const excess = -freeOf(shared);
    for (const holding of shared.holdings.values()) {
      holding.owe = Math.max(0, Math.min(holding.held, excess) - holding.owed);
    }
  }

  /** Grants what is free to those who wait, one by one to who has least, and asks all others for what is missing. */
  #settle(shared: Shared): void {
    const holdings = [...shared.holdings.values()];
    for (let free = freeOf(shared); free > 0; free -= 1) {
      const next = nextOf(holdings);
      if (next === null) break;
      next.grant += 1;
      next.waiting -= 1;
      next.since = ++this.#clock;
    }
    const waiting = sum(holdings, (holding) => holding.waiting);
    for (const holding of holdings) {
      const asked = holding.held + holding.grant === 0 ? 0 : waiting - holding.waiting;
      if (holding.grant === 0 && holding.owe === 0 && holding.asked === asked) continue;
      holding.asked = asked;
      this.#order(shared, holding);
    }
    if (shared.limit === 0 && holdings.every((holding) => holding.held === 0)) {
      this.#shared.delete(shared.target);
    }
  }

  #order(shared: Shared, holding: Holding): void {
    const { worker, grant, owe, asked } = holding;
    holding.held += grant;
    holding.owed += owe;
    holding.grant = 0;
    holding.owe = 0;
    const order = { target: shared.target, grant, owe, asked };
    const orders = this.#outbox.get(worker);
    if (orders) orders.push(order);
    else this.#outbox.set(worker, [order]);
  }

  #flush(): void {
    for (const [worker, orders] of this.#outbox) this.#send(worker, orders);
    this.#outbox.clear();
  }

  #holdingOf(shared: Shared, worker: number): Holding {
    const known = shared.holdings.get(worker);
    if (known) return known;
    const made: Holding = {
      worker,
      held: 0,
      owed: 0,
      asked: 0,
      waiting: 0,
      since: 0,
      grant: 0,
      owe: 0,
    };
    shared.holdings.set(worker, made);
    return made;
  }
}

/** The requests in flight that targets of a table allow, by target id; those without a limit are left out. */
export function limitsOf(table: RoutingTable): Map<string, number> {
  return new Map(
    table.backends.flatMap(({ policy, targets }) => {
      const most = policy?.maxInFlight;
      return most === undefined ? [] : targets.map(({ id }): [string, number] => [id, most]);
    }),
  );
}

/** Shares that nobody holds; below 0 after the limit was lowered. */
function freeOf(shared: Shared): number {
  return shared.limit - sum([...shared.holdings.values()], (holding) => holding.held + holding.grant);
}

/** What a worker will have when it has given back what it owes. */
function netOf(holding: Holding): number {
  return holding.held + holding.grant - holding.owed - holding.owe;
}

/** The one that waits with the least; among equals the one that has waited for longer. */
function nextOf(holdings: readonly Holding[]): Holding | null {
  let next: Holding | null = null;
  for (const holding of holdings) {
    if (holding.waiting <= 0) continue;
    const less = next === null ? -1 : netOf(holding) - netOf(next) || holding.since - next.since;
    if (less < 0) next = holding;
  }
  return next;
}

function sum(holdings: readonly Holding[], value: (holding: Holding) => number): number {
  return holdings.reduce((total, holding) => total + value(holding), 0);
}

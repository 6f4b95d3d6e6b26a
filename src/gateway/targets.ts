import type { Backend } from "../model/route.ts";
import { BackendMemory, Destination } from "./destination.ts";
import type { CompiledTable } from "./routing/table.ts";
import { claimsOf } from "./claims.ts";
import { type HeldClaim, TargetState } from "./target-state.ts";

/** All targets of one worker: those in the table, and those that left it and still owe something. */
export class Targets {
  #present = new Map<string, TargetState>();
  #leaving = new Set<TargetState>();
  #backends = new Map<string, BackendMemory>();
  readonly #left: (target: TargetState) => void;
  readonly #workers: number;

  /**
   * @param left is called with each target that leaves the table
   * @param workers that share the limits of queues
   */
  constructor(left: (target: TargetState) => void, workers = 1) {
    this.#left = left;
    this.#workers = workers;
  }

  /**
   * The destination of a backend, for `compileTable`: targets that are known at the same address keep their state,
   * and so does the backend. Nothing changes until `adopt`.
   *
   * @param now `performance.now()`
   */
  destination(backend: Backend, now: number): Destination {
    const targets = backend.targets.map((target) => {
      const known = this.#present.get(target.id);
      const same = known?.address === target.address && known.port === target.port;
      return same && known ? known : new TargetState(target, now);
    });
    return new Destination(backend, targets, this.#backends.get(backend.id) ?? new BackendMemory());
  }

  /** From here on the targets of this table are the present ones. */
  adopt(table: CompiledTable<Destination>): void {
    const before = this.#present;
    this.#present = new Map();
    this.#backends = new Map();
    for (const [id, destination] of table.states) {
      destination.memory.follow(destination.policy, this.#workers);
      this.#backends.set(id, destination.memory);
      for (const [index, target] of destination.targets.entries()) {
        target.weight = destination.backend.targets[index]?.weight ?? 1;
        this.#present.set(target.id, target);
        this.#leaving.delete(target);
      }
    }
    for (const target of before.values()) {
      if (this.#present.get(target.id) === target) continue;
      this.#leaving.add(target);
      this.#left(target);
    }
    for (const target of this.#leaving) {
      if (target.inFlight === 0 && target.watch === null) this.#leaving.delete(target);
    }
  }

  /** All that a container's id stands for; several only while its address has just changed. */
  of(id: string): TargetState[] {
    const present = this.#present.get(id);
    const leaving = [...this.#leaving].filter((target) => target.id === id);
    return present ? [present, ...leaving] : leaving;
  }

  present(): IterableIterator<TargetState> {
    return this.#present.values();
  }

  /** Those in the table, and those that left it and may have requests in flight. */
  all(): TargetState[] {
    return [...this.#present.values(), ...this.#leaving];
  }

  claims(): HeldClaim[] {
    return this.all().flatMap(claimsOf);
  }
}

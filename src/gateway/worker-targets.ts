import type { Destination } from "./destination.ts";
import type { CompiledTable } from "./routing/table.ts";
import type { TargetState } from "./target-state.ts";

/** What one worker has in flight and waiting. */
export interface WorkerTargets {
  /** Those in the table, and those that left it and may still have requests in flight. */
  targets: { id: string; inFlight: number; ejected: boolean }[];
  /** By backend; those in which nothing waits are left out. */
  waiting: { backend: string; requests: number }[];
}

/**
 * @param states of all targets of the worker
 * @param now `performance.now()`
 */
export function workerTargets(
  states: readonly TargetState[],
  table: CompiledTable<Destination> | null,
  now: number,
): WorkerTargets {
  return {
    targets: states.map(({ id, inFlight, ejectedUntil }) => ({ id, inFlight, ejected: ejectedUntil > now })),
    waiting: Array.from(table?.states ?? [], ([backend, { queue }]) => ({
      backend,
      requests: queue.size,
    })).filter(({ requests }) => requests > 0),
  };
}

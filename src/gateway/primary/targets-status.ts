import type { TargetStatus, TargetsStatus } from "../../model/gateway-api.ts";
import type { RoutingTable } from "../../model/route.ts";
import type { WorkerTargets } from "../worker-targets.ts";

/**
 * What all workers together have in flight and waiting.
 *
 * @param workers what each of them said
 * @param down targets that do not answer their probes
 */
export function targetsStatus(
  table: RoutingTable | null,
  workers: readonly WorkerTargets[],
  down: ReadonlySet<string>,
): TargetsStatus {
  const targets = new Map<string, TargetStatus>();
  for (const { id: backend, policy, targets: own } of table?.backends ?? []) {
    for (const { id } of own) {
      const maxInFlight = policy?.maxInFlight ?? null;
      targets.set(id, { id, backend, inFlight: 0, maxInFlight, ejectedBy: 0, down: down.has(id) });
    }
  }
  const waiting = new Map<string, number>();
  for (const worker of workers) {
    for (const { id, inFlight, ejected } of worker.targets) {
      const status = targets.get(id) ?? gone(id);
      status.inFlight += inFlight;
      if (ejected && status.backend !== null) status.ejectedBy += 1;
      if (status.backend !== null || inFlight > 0) targets.set(id, status);
    }
    for (const { backend, requests } of worker.waiting) {
      waiting.set(backend, (waiting.get(backend) ?? 0) + requests);
    }
  }
  return {
    targets: [...targets.values()],
    waiting: Array.from(waiting, ([backend, requests]) => ({ backend, requests })),
  };
}

function gone(id: string): TargetStatus {
  return { id, backend: null, inFlight: 0, maxInFlight: null, ejectedBy: 0, down: false };
}

import type { Logger } from "pino";
import type { Balancer } from "../deploy/ports.ts";
import type { State } from "./state.ts";

/**
 * At control's start: a deployment that stood at its switch may have been switched, with only the answer lost. The
 * gateway tells. If it serves the new release, the switch is written down as the fact it is, before anything else
 * could lead requests back to the old one.
 */
export async function recordObservedSwitches(state: State, balancer: Balancer, log: Logger): Promise<void> {
  for (const record of state.unfinished()) {
    if (record.step !== "switch" || record.release === null) continue;
    const row = state.release(record.app, record.release);
    const routes = await balancer.observedRoutes(record.app).catch(() => null);
    const switched = routes?.backends.some((backend) => backend.release === record.release) ?? false;
    if (!row || !routes || !switched) continue;
    const now = Date.now();
    const live = { ...row, state: "live" as const, colour: record.colour, liveAt: now, retiredAt: null };
    state.commitSwitch({ ...record, step: "drain", switchedAt: now }, live, routes);
    log.info(
      { app: record.app, release: record.release },
      "the gateway had switched: the deployment goes on from there",
    );
  }
}

import { CutoverError } from "../model/error.ts";
import { cleanUp, drainTargets, runningTargets } from "./effects.ts";
import { gatewayPort } from "./ports.ts";
import type { Progress } from "./progress.ts";
import type { ReleaseRecord } from "./record.ts";
import { appRoutes } from "./targets.ts";

/** Before the switch: removes what the deployment made. */
export async function removeNew(run: Progress): Promise<void> {
  const { record } = run;
  run.unwatch();
  run.failStep(record.abort?.error.message ?? null);
  markGivenUp(run);
  await cleanUp(run.context, record);
  await run.end(record.abort?.outcome ?? "aborted");
}

/** During the drain: the old release, which still runs, gets all requests again; then the new one is drained and removed. */
export async function switchBack(run: Progress): Promise<void> {
  const { record } = run;
  const { balancer, store, switchTo, now } = run.context;
  const previous = record.previous === null ? null : store.release(record.app, record.previous);
  if (!previous)
    throw new CutoverError("NOTHING_TO_ROLL_BACK", "there is no earlier release to switch back to");
  if (store.liveRelease(record.app) !== record.previous) {
    const targets = await runningTargets(run.context, previous);
    const routes = appRoutes(previous.release, targets, await gatewayPort(balancer));
    const staying = new Set([...targets.values()].flat().map((target) => target.id));
    const leaving = new Set([...run.context.currentTargets(record.app), ...record.draining]);
    record.draining = [...leaving].filter((id) => !staying.has(id));
    run.save();
    const back: ReleaseRecord = { ...previous, state: "live", liveAt: now() };
    const applied = await switchTo(back, routes, targets);
    store.commitSwitch(record, back, routes);
    const { generation, workers, ms } = applied;
    run.context.emit({ type: "switched", generation, workers, ms });
  }
  markGivenUp(run);
  await drainTargets(run.context, record.draining, previous.release.settings, run.halt.signal);
  if (run.halt.signal.aborted) return;
  await cleanUp(run.context, record);
  await run.end("aborted");
}

function markGivenUp(run: Progress): void {
  const { record } = run;
  if (record.release === null) return;
  const row = run.context.store.release(record.app, record.release);
  if (!row) return;
  const state =
    record.kind === "rollback" ? "retired" : record.abort?.outcome === "refused" ? "refused" : "aborted";
  run.context.store.saveRelease({ ...row, state, retiredAt: run.context.now() });
}

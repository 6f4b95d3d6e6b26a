import { otherColour } from "../model/app.ts";
import { CutoverError, errorBody } from "../model/error.ts";
import { label } from "../model/labels.ts";
import { drainTargets, removeHooks, retire } from "./effects.ts";
import { gatewayPort } from "./ports.ts";
import type { Progress } from "./progress.ts";
import type { ReleaseRecord } from "./record.ts";
import { appRoutes } from "./targets.ts";

/** Waits until compose has started everything, or a container has ended before that. */
export async function awaitStart(run: Progress): Promise<void> {
  const broken = run.watching.promise.then((watch) => watch.ready).then(() => run.handedOver.promise);
  await run.unlessStopped(Promise.race([run.handedOver.promise, broken]));
  if (run.record.outcome === null) run.enter("ready");
}

/** Waits for every container's health and probe. */
export async function awaitReady(run: Progress): Promise<void> {
  const watch = run.watch();
  const timeoutMs = run.record.readyTimeoutMs ?? run.release.release.settings.readyTimeoutMs;
  const timer = setTimeout(() => void watch.expire(timeoutMs), timeoutMs);
  try {
    const ready = await run.unlessStopped(watch.ready);
    run.record.firstGoodAt = ready.firstGoodAt;
    run.enter("verify");
  } finally {
    clearTimeout(timer);
  }
}

/** The last look before the switch: hooks, and every container once more. */
export async function verify(run: Progress): Promise<void> {
  const { release } = run.release;
  const watch = run.watch();
  const ready = await run.unlessStopped(watch.ready);
  if (run.record.kind === "deploy") await run.unlessStopped(run.hooks("pre-switch"));
  const seen = await Promise.all(
    ready.containers.map((container) => run.context.engine.inspect(container.id)),
  );
  const gone = seen.findIndex(
    (container) => container?.status !== "running" || container.health === "unhealthy",
  );
  await watch.alive();
  if (gone >= 0) {
    const service = ready.containers[gone]?.labels[label.service] ?? release.app;
    throw new CutoverError("CONTAINER_EXITED", `${service} ended between its last probe and the switch`);
  }
  if (!run.record.abort) run.enter("switch");
}

/** All of the app's routes at once, then written down as a fact. What was there before drains from now on. */
export async function switchOver(run: Progress): Promise<void> {
  const { store, balancer, currentTargets, switchTo, now } = run.context;
  const row = run.release;
  const watch = run.watch();
  const ready = await run.unlessStopped(watch.ready);
  await watch.alive();
  const routes = appRoutes(row.release, ready.targets, await gatewayPort(balancer));
  const fresh = new Set([...ready.targets.values()].flat().map((target) => target.id));
  run.record.draining = currentTargets(run.record.app).filter((id) => !fresh.has(id));
  run.save();
  const live: ReleaseRecord = { ...row, state: "live", colour: run.record.colour, retiredAt: null };
  await watch.alive();
  const applied = await switchTo(live, routes, ready.targets);
  try {
    run.finishStep("done", null);
    run.record.switchedAt = now();
    run.record.workers = applied.workers;
    run.record.step = "drain";
    run.beginStep();
    live.liveAt = run.record.switchedAt;
    store.commitSwitch(run.record, live, routes);
  } catch (error) {
    run.halt.abort();
    run.unwatch();
    run.context.onFatal(error);
    return;
  }
  run.release = live;
  run.context.emit({
    type: "switched",
    generation: applied.generation,
    workers: applied.workers,
    ms: applied.ms,
  });
  run.context.emit({ type: "step", step: "drain", status: "started", ms: null, detail: null });
  run.unwatch();
}

/** Lets what was under way with the old release finish. */
export async function drain(run: Progress): Promise<void> {
  const { release } = run.release;
  const hooks = run.record.kind === "deploy" ? run.hooks("post-deploy") : Promise.resolve();
  const warned = hooks.catch((error: unknown) => {
    const body = errorBody(error);
    run.context.emit({ type: "warning", code: body.code, message: body.message });
  });
  const result = await drainTargets(run.context, run.record.draining, release.settings, run.stop);
  if (run.record.abort || run.halt.signal.aborted) return;
  if (result) run.record.drained = result;
  await run.unlessStopped(warned);
  run.record.draining = [];
  run.enter("retire");
}

/** Stops the old release's containers. */
export async function retireOld(run: Progress): Promise<void> {
  const { store, now } = run.context;
  const { record } = run;
  if (record.previous !== null && record.previous !== record.release) {
    await retire(run.context, record.app, record.previous, otherColour(record.colour));
    const previous = store.release(record.app, record.previous);
    if (previous) store.saveRelease({ ...previous, state: "retired", retiredAt: now() });
  }
  await removeHooks(run.context, record.id);
  run.finishStep("done", null);
  record.complete = true;
  run.save();
}

import type { Engine } from "../deploy/ports.ts";
import { label } from "../model/labels.ts";

/**
 * Stops containers of releases that do not serve. An engine that restarts also starts containers with `on-failure`
 * again that had been stopped, when their last exit code was not 0.
 */
export async function stopRetired(engine: Engine, app: string, live: number): Promise<void> {
  const containers = await engine.containers({ [label.app]: app });
  const risen = containers.filter(
    (container) =>
      container.labels[label.release] !== String(live) &&
      container.labels[label.role] !== "hook" &&
      (container.status === "running" || container.status === "restarting"),
  );
  await Promise.all(risen.map((container) => engine.stop(container.id)));
}

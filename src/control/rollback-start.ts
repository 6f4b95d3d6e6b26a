import { emptyColour } from "../deploy/effects.ts";
import type { Engine } from "../deploy/ports.ts";
import { errorBody } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { Active } from "./active.ts";
import { rollbackTarget } from "./rollback-target.ts";
import type { State } from "./state.ts";

/**
 * Starts the stored release's containers where they all still stand; else empties the colour and asks the CLI to make
 * them again.
 * @throws CutoverError as `rollbackTarget`
 */
export async function startRollback(
  input: { engine: Engine; state: State },
  { run, log }: Active,
  wanted: number | null,
): Promise<void> {
  const { engine } = input;
  const { record } = run;
  const row = { ...(await rollbackTarget(input, record.app, wanted)), colour: record.colour };
  const { number, fingerprint, services } = row.release;
  record.release = number;
  const labels = { [label.app]: record.app, [label.colour]: record.colour, [label.release]: String(number) };
  const kept = (await engine.containers(labels)).filter(
    (container) => container.labels[label.role] !== "hook",
  );
  record.reused = services.every(
    (service) => kept.filter((c) => c.labels[label.service] === service.name).length >= service.replicas,
  );
  log.emit({ type: "release", release: number, fingerprint });
  if (record.reused) {
    const started = await Promise.allSettled(kept.map((container) => engine.start(container.id)));
    const failed = started.find((result) => result.status === "rejected");
    if (!failed) {
      run.handOver();
      run.enter("start");
      run.watch(row);
      return;
    }
    const { code, message } = errorBody(failed.reason);
    log.emit({
      type: "warning",
      code,
      message: `the stopped containers can't be started, they are made again: ${message}`,
    });
    record.reused = false;
  }
  await emptyColour(engine, record.app, record.colour);
  run.enter("start");
  run.watch(row);
  log.emit({ type: "containers-needed", release: number, colour: record.colour, deployment: record.id });
}

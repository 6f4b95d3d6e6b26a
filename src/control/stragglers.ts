import type { Logger } from "pino";
import type { ContainerEvent, Engine } from "../deploy/ports.ts";
import type { DeploymentRecord } from "../deploy/record.ts";
import { label } from "../model/labels.ts";

export interface StragglersInput {
  engine: Engine;
  log: Logger;
  deployment: (id: string) => DeploymentRecord | null;
  /** Number of the release that serves. */
  live: (app: string) => number | null;
}

/**
 * Removes what appears for a deployment that was given up: a compose command outlives a CLI that is killed, and goes
 * on making containers after control has cleaned up.
 */
export function removeStragglers(input: StragglersInput): (event: ContainerEvent | null) => Promise<void> {
  return async (event) => {
    if (event?.action !== "create" && event?.action !== "start") return;
    const id = event.labels[label.deployment];
    const record = id === undefined ? null : input.deployment(id);
    const givenUp = record?.abort || record?.outcome === "aborted" || record?.outcome === "refused";
    if (!record || !givenUp || record.reused || record.release === input.live(record.app)) return;
    input.log.info(
      { deployment: id, container: event.id },
      "removed what came after its deployment was given up",
    );
    await input.engine.remove(event.id);
    await input.engine.removeNetworks({ [label.app]: record.app, [label.deployment]: record.id });
  };
}

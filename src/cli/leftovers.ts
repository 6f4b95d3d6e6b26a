import { releaseImageRef } from "../compose/images.ts";
import type { ContainerState } from "../deploy/ports.ts";
import type { EngineConnection } from "../engine/connection.ts";
import { createEngine } from "../engine/engine.ts";
import { removeImage } from "../engine/images.ts";
import { label } from "../model/labels.ts";
import type { Removed } from "./control-requests.ts";

/**
 * Removes what apps of this installation have left in the engine, found by its labels: for when control can't be asked
 * any more. Gives the names of the apps.
 */
export async function removeLeftovers(
  connection: EngineConnection,
  instance: string,
  tell: (removed: Removed) => void,
): Promise<string[]> {
  const engine = createEngine(connection, instance);
  const containers = await engine.containers({ [label.app]: "" });
  await Promise.all(containers.filter(({ status }) => status === "running").map(({ id }) => engine.stop(id)));
  for (const { id, name } of containers) {
    await engine.remove(id);
    tell({ type: "removed", kind: "container", name });
  }
  for (const name of await engine.removeNetworks({ [label.app]: "" })) {
    tell({ type: "removed", kind: "network", name });
  }
  for (const ref of ownImages(containers)) {
    if (await removeImage(connection, ref)) tell({ type: "removed", kind: "image", name: ref });
  }
  return [...new Set(containers.map(({ labels }) => labels[label.app] ?? ""))].filter((app) => app !== "");
}

/** The names by which Cutover keeps these containers' images. */
function ownImages(containers: readonly ContainerState[]): string[] {
  const refs = containers.map(({ labels }) =>
    releaseImageRef(labels[label.app] ?? "", labels[label.service] ?? "", Number(labels[label.release])),
  );
  return [...new Set(refs)];
}

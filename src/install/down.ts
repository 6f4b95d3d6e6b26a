import type { EngineConnection } from "../engine/connection.ts";
import { listContainers, removeContainer, stopContainer } from "../engine/containers.ts";
import { listVolumes, removeVolume } from "../engine/volumes.ts";
import { label } from "../model/labels.ts";
import { removeOldImages } from "./daemon-image.ts";
import { hasKernelRules, imageOf, takeKernelRulesAway } from "./kernel-rules.ts";

export interface Removed {
  kind: "container" | "volume" | "image";
  name: string;
}

/**
 * Removes the installation itself: control, gateway, their volumes and images, found by their labels. What belongs
 * to apps is left, and so is every other instance. Gives what was removed, in order.
 */
export async function removeInstallation(connection: EngineConnection, instance: string): Promise<Removed[]> {
  const labels = { [label.instance]: instance, [label.component]: "" };
  const containers = await listContainers(connection, labels);
  const ruling = containers.filter((container) => hasKernelRules(container.labels));
  const images = await Promise.all(ruling.map(({ id }) => imageOf(connection, id)));
  await Promise.all(ruling.map(({ id }) => stopContainer(connection, id)));
  for (const image of new Set(images)) {
    if (image !== null) await takeKernelRulesAway(connection, instance, image);
  }
  await Promise.all(
    containers.map(async ({ id }) => {
      await stopContainer(connection, id);
      await removeContainer(connection, id);
    }),
  );
  const volumes = await listVolumes(connection, labels);
  await Promise.all(volumes.map(({ name }) => removeVolume(connection, name)));
  const oldImages = await removeOldImages(connection, instance, null);
  return [
    ...containers.map(({ name }): Removed => ({ kind: "container", name })),
    ...volumes.map(({ name }): Removed => ({ kind: "volume", name })),
    ...oldImages.map((name): Removed => ({ kind: "image", name })),
  ];
}

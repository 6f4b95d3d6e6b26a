import { execa } from "execa";
import { label } from "../../src/model/labels.ts";

/** Kinds of things in an engine, in the order they can be removed in. */
const kinds = [
  {
    name: "container",
    list: ["ps", "--all"],
    format: "{{.Names}}",
    id: "{{.ID}}",
    remove: ["rm", "--force", "--volumes"],
  },
  { name: "network", list: ["network", "ls"], format: "{{.Name}}", id: "{{.ID}}", remove: ["network", "rm"] },
  {
    name: "volume",
    list: ["volume", "ls"],
    format: "{{.Name}}",
    id: "{{.Name}}",
    remove: ["volume", "rm", "--force"],
  },
  {
    name: "image",
    list: ["image", "ls", "--all"],
    format: "{{.Repository}}:{{.Tag}}",
    id: "{{.ID}}",
    remove: ["image", "rm", "--force"],
  },
] as const;

/** Labels that tell what belongs to an instance and to its apps: base projects, both colours, and their images. */
function filters(instance: string, apps: readonly string[]): string[] {
  const projects = apps.flatMap((app) => [app, `${app}-blue`, `${app}-green`]);
  return [
    `label=${label.instance}=${instance}`,
    ...projects.map((project) => `label=com.docker.compose.project=${project}`),
  ];
}

async function listed(
  list: readonly string[],
  format: string,
  filters: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(
    filters.map((filter) =>
      execa("docker", [...list, "--format", format, "--filter", filter], { lines: true }),
    ),
  );
  return [...new Set(found.flatMap(({ stdout }) => stdout))];
}

/** What is in the engine of an instance and its apps, as `container shop-web-1`; empty when nothing is. */
export async function thingsOf(instance: string, apps: readonly string[] = []): Promise<string[]> {
  const all = await Promise.all(
    kinds.map(async ({ name, list, format }) =>
      (await listed(list, format, filters(instance, apps))).map((thing) => `${name} ${thing}`),
    ),
  );
  return all.flat();
}

/**
 * Removes all of an instance and its apps: containers, networks, volumes with their data, images. For instances of
 * tests and of the demo. What can't be removed is given as `thingsOf` gives it.
 */
export async function removeInstance(instance: string, apps: readonly string[] = []): Promise<string[]> {
  for (const { list, id, remove } of kinds) {
    const ids = await listed(list, id, filters(instance, apps));
    if (ids.length > 0) await execa("docker", [...remove, ...ids], { reject: false });
  }
  return thingsOf(instance, apps);
}

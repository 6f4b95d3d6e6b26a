import type { EngineConnection } from "../../engine/connection.ts";
import { type ContainerSummary, listContainers } from "../../engine/containers.ts";
import { colourProject, colours } from "../../model/app.ts";
import { CutoverError } from "../../model/error.ts";
import { label } from "../../model/labels.ts";

/** Labels that compose gives every container it makes. */
const composeLabel = {
  project: "com.docker.compose.project",
  workingDirectory: "com.docker.compose.project.working_dir",
};

/**
 * Looks whether the app's names are free: its colours' projects hold nothing that Cutover did not make for this app
 * and installation, and its base project is the one in this directory, or one that Cutover made.
 * @throws APP_FOREIGN naming the containers in the way
 */
export async function requireOwnProjects(
  connection: EngineConnection,
  app: string,
  instance: string,
  projectDirectory: string,
): Promise<void> {
  for (const colour of colours) {
    const project = colourProject(app, colour);
    const foreign = (await containersOf(connection, project)).filter(
      (container) => !isOurs(container, app, instance),
    );
    if (foreign.length > 0) throw foreignProject(project, foreign, null);
  }
  const elsewhere = (await containersOf(connection, app)).filter(
    (container) =>
      !isOurs(container, app, instance) &&
      container.labels[composeLabel.workingDirectory] !== projectDirectory,
  );
  if (elsewhere.length > 0) {
    throw foreignProject(app, elsewhere, elsewhere[0]?.labels[composeLabel.workingDirectory] ?? null);
  }
}

function containersOf(connection: EngineConnection, project: string): Promise<ContainerSummary[]> {
  return listContainers(connection, { [composeLabel.project]: project });
}

function isOurs(container: ContainerSummary, app: string, instance: string): boolean {
  return container.labels[label.instance] === instance && container.labels[label.app] === app;
}

function foreignProject(
  project: string,
  containers: ContainerSummary[],
  directory: string | null,
): CutoverError {
  const instance = containers[0]?.labels[label.instance];
  const of = instance
    ? `belongs to another installation of Cutover (${instance})`
    : directory
      ? `was made from ${directory}`
      : "was not made by Cutover";
  return new CutoverError("APP_FOREIGN", `The compose project ${project} exists and ${of}.`, {
    details: containers.map((container) => `container ${container.name}`),
  });
}

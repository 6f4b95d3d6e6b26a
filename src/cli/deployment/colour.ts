import { existsSync } from "node:fs";
import { type ColourInput, colourProjectFile, colourServices } from "../../compose/colour-project.ts";
import type { ComposeModel } from "../../compose/compose-model.ts";
import { releaseImageRef } from "../../compose/images.ts";
import { composeFailure, runCompose } from "../../engine/compose-command.ts";
import type { EngineConnection } from "../../engine/connection.ts";
import { tagImage } from "../../engine/images.ts";
import { colourProject } from "../../model/app.ts";
import type { ReleaseDraft } from "../../model/release.ts";
import type { Context } from "../context.ts";
import type { Begun } from "./session.ts";

/** What a colour's containers are made from. */
export interface ColourWork {
  context: Context;
  begun: Begun;
  release: Pick<ReleaseDraft, "services" | "hooks" | "model" | "projectDirectory">;
  number: number;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

/** Keeps the images of a release under Cutover's own names, `cutover.local/shop/web:12`. @throws IMAGE_MISSING */
export async function tagImages(
  connection: EngineConnection,
  app: string,
  services: ReleaseDraft["services"],
  number: number,
): Promise<void> {
  await Promise.all(
    services.map((service) => {
      const ref = releaseImageRef(app, service.name, number);
      const colon = ref.lastIndexOf(":");
      return tagImage(connection, service.image.id, ref.slice(0, colon), ref.slice(colon + 1));
    }),
  );
}

/** Makes the containers of the colour's hooks without starting them: control does, in order. */
export async function createHooks(work: ColourWork): Promise<void> {
  const { hooks } = colourServices(colourInput(work));
  if (hooks.length > 0) await colourUp(work, ["--no-start", ...hooks]);
}

/** Makes and starts the colour's containers, in the order of their `depends_on`. @throws COMPOSE_FAILED, DISK_FULL, … */
export async function startColour(work: ColourWork): Promise<void> {
  const { start } = colourServices(colourInput(work));
  await colourUp(work, ["--detach", ...start]);
}

async function colourUp(work: ColourWork, args: string[]): Promise<void> {
  const project = colourProject(work.begun.app, work.begun.colour);
  const result = await runCompose({
    ...generatedProject(work.context, project, work.release.projectDirectory, ["up", "--no-build", ...args]),
    input: JSON.stringify(colourProjectFile(colourInput(work))),
    onLine: work.onLine,
    signal: work.signal,
  });
  if (result.exitCode !== 0) throw composeFailure(`docker compose could not start ${project}`, result);
}

/**
 * How compose is run on a file that Cutover writes: on standard input, without what the user's environment says
 * about their own file.
 */
export function generatedProject(
  context: Context,
  project: string,
  directory: string,
  args: string[],
): { endpointEnv: NodeJS.ProcessEnv; args: string[]; cwd: string } {
  const there = existsSync(directory);
  return {
    endpointEnv: {
      ...context.env,
      COMPOSE_FILE: undefined,
      COMPOSE_ENV_FILES: undefined,
      COMPOSE_PROFILES: undefined,
      COMPOSE_PROJECT_NAME: undefined,
      COMPOSE_REMOVE_ORPHANS: "false",
      COMPOSE_IGNORE_ORPHANS: "true",
    },
    args: ["-p", project, "-f", "-", ...(there ? ["--project-directory", directory] : []), ...args],
    cwd: there ? directory : context.io.cwd,
  };
}

function colourInput({ context, begun, release, number }: ColourWork): ColourInput {
  return {
    model: release.model as ComposeModel,
    colour: begun.colour,
    release: number,
    deployment: begun.id,
    instance: context.instance,
    hooks: release.hooks,
    services: release.services.map((service) => ({
      ...service,
      image: { ...service.image, ref: releaseImageRef(begun.app, service.name, number) },
    })),
  };
}

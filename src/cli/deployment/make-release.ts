import type { AppDefinition } from "../../compose/app-definition.ts";
import type { BaseInput } from "../../compose/base-project.ts";
import type { Release } from "../../model/release.ts";
import type { Control } from "../control-requests.ts";
import type { DeployOptions } from "../options.ts";
import type { Project } from "../project.ts";
import { abortion } from "./abortion.ts";
import { missingBase, startBase } from "./base.ts";
import { createHooks, startColour, tagImages } from "./colour.ts";
import { type Desk, sayLine } from "./desk.ts";
import { chooseServices, releaseDraft } from "./draft.ts";
import { prepareImages } from "./images.ts";
import { withPortHolder } from "./port-holder.ts";
import type { DeploymentSession } from "./session.ts";
import { gitState, whoAmI } from "./who.ts";

export interface ReleaseWork {
  desk: Desk;
  control: Control;
  project: Project;
  app: AppDefinition;
  options: DeployOptions;
  session: DeploymentSession;
  signal: AbortSignal;
}

/**
 * The command's part of a deployment, from images to started containers; then control owns it. Returns early when the
 * app is up to date.
 */
export async function makeRelease(work: ReleaseWork): Promise<void> {
  const { desk, control, project, app, session, signal } = work;
  const { context, connection } = desk;
  const images = await releaseImages(work);
  signal.throwIfAborted();
  const draft = releaseDraft({
    app,
    model: project.model,
    projectDirectory: project.projectDirectory,
    images,
    git: await gitState(project.projectDirectory),
    who: whoAmI(context.env),
  });
  const accepted = await control
    .putRelease(session.begun.id, { ...draft, force: work.options.force })
    .catch(async (error) => {
      throw await withPortHolder(error, connection, { name: app.name, listeners: draft.listeners });
    });
  if (accepted.unchanged) return;
  const number = accepted.release;
  await tagImages(connection, app.name, draft.services, number);
  await ensureBase(work);
  const onLine = (line: string) => sayLine(desk, "compose", line);
  const colour = { context, begun: session.begun, release: draft, number, onLine, signal };
  if (draft.hooks.length > 0) {
    await createHooks(colour);
    if (draft.hooks.some((hook) => hook.phase === "pre-deploy")) {
      await Promise.race([control.preDeploy(session.begun.id), abortion(signal)]);
    }
  }
  await startColour(colour);
  signal.throwIfAborted();
  await session.started();
}

/** The image id of every service: built or pulled anew, or the live release's for those that were not named. */
async function releaseImages(work: ReleaseWork): Promise<Map<string, string>> {
  const { desk, project, app, options, signal } = work;
  const live = options.services.length > 0 ? await liveRelease(work) : null;
  const { fresh, kept } = chooseServices(app, options.services, live);
  const made = await prepareImages(fresh, options, {
    project,
    connection: desk.connection,
    signal,
    onLine: (source, line) => sayLine(desk, source, line),
  });
  return new Map([...kept, ...made]);
}

async function liveRelease({ control, session }: ReleaseWork): Promise<Release | null> {
  const { app, previous } = session.begun;
  return previous === null ? null : control.release(app, previous);
}

async function ensureBase(work: ReleaseWork): Promise<void> {
  const { desk, project, app, options, signal } = work;
  const input: BaseInput = {
    model: project.model,
    backing: app.backing.map((service) => service.name),
    replaced: app.services.map((service) => service.name),
  };
  const missing = await missingBase(desk.connection, input);
  if (missing.length === 0) return;
  desk.say({ type: "note", message: `Starting what stays: ${missing.join(", ")}` });
  await startBase({
    context: desk.context,
    input,
    projectDirectory: project.projectDirectory,
    build: options.build,
    onLine: (line) => sayLine(desk, "compose", line),
    signal,
  });
}

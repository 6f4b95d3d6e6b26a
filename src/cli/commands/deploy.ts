import { readApp } from "../../compose/app.ts";
import type { AppDefinition } from "../../compose/app-definition.ts";
import { refuse } from "../../compose/notice.ts";
import type { Context, Result } from "../context.ts";
import { conduct } from "../deployment/conduct.ts";
import { connectOrInstall } from "../deployment/daemons.ts";
import { atDesk, type Desk } from "../deployment/desk.ts";
import { chooseServices } from "../deployment/draft.ts";
import { endingResult } from "../deployment/ending.ts";
import { requireOwnProjects } from "../deployment/foreign.ts";
import { makeRelease } from "../deployment/make-release.ts";
import { whoAmI } from "../deployment/who.ts";
import type { DeployOptions } from "../options.ts";
import { loadProject } from "../project.ts";
import { showPosition } from "../render/error.ts";

/**
 * Deploys the compose project: what is wrong with it is said before anything starts; then the command builds, makes
 * the idle colour and hands over to control.
 * @throws whatever kept the release from going live, as a CutoverError
 */
export async function deploy(context: Context, options: DeployOptions): Promise<Result> {
  const began = context.io.now();
  const project = await loadProject(context);
  const app = readApp(project, { scale: options.scale });
  if (options.plan) {
    const { showPlan } = await import("./plan.ts");
    return showPlan(context, { project, app, named: options.services });
  }
  refuse(app.refusals);
  chooseServices(app, options.services, null);
  return atDesk(context, async (desk) => {
    await requireOwnProjects(desk.connection, app.name, context.instance, project.projectDirectory);
    sayWarnings(desk, project.warnings, app);
    const control = await connectOrInstall(desk);
    const ending = await conduct({
      desk,
      control,
      app: app.name,
      detach: options.detach,
      request: {
        kind: "deploy",
        release: null,
        waitLockMs: options.waitLockMs,
        readyTimeoutMs: options.timeoutMs,
        who: whoAmI(context.env),
      },
      work: (session, signal) => makeRelease({ desk, control, project, app, options, session, signal }),
    });
    return endingResult(context, control, app.name, ending, began);
  });
}

/** Compose's own warnings, and Cutover's about the file. */
function sayWarnings(desk: Desk, compose: readonly string[], app: AppDefinition): void {
  for (const message of compose) desk.say({ type: "warning", code: "COMPOSE", message });
  for (const { code, message, where } of app.warnings) {
    const place = where ? `${showPosition(where)}: ` : "";
    desk.say({ type: "warning", code, message: `${place}${message}` });
  }
}

import type { AppDefinition } from "../../compose/app-definition.ts";
import { makePlan, type PlanState } from "../../compose/plan.ts";
import type { EngineConnection } from "../../engine/connection.ts";
import { listContainers } from "../../engine/containers.ts";
import type { AppSummary } from "../../model/control-api.ts";
import { CutoverError } from "../../model/error.ts";
import { errorCatalogue } from "../../model/error-catalogue.ts";
import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import { chooseServices } from "../deployment/draft.ts";
import { openEngine } from "../engine-access.ts";
import type { Project } from "../project.ts";
import { renderPlan } from "../render/plan.ts";
import { styleOf } from "../render/style.ts";

interface PlanInput {
  project: Project;
  app: AppDefinition;
  /** Services named on the command line. */
  named: string[];
}

/**
 * `deploy --plan`: what a deployment would do. Changes nothing and needs no control. The exit code is that of the
 * refusal that a deployment would end with.
 */
export async function showPlan(context: Context, input: PlanInput): Promise<Result> {
  const { project, app, named } = input;
  chooseServices(app, named, null);
  await using connection = await openEngine(context);
  const [live, base, hashes] = await Promise.all([
    liveState(context, connection, app.name),
    baseState(connection, app.name),
    configHashes(project),
  ]);
  const plan = makePlan(app, { live, base, hashes, named });
  const [first] = plan.refusals;
  return {
    exit: first ? errorCatalogue[first.code].exit : 0,
    data: { at: context.io.now(), type: "plan", plan },
    text: renderPlan(plan, project.warnings, styleOf(context.io.stdout, context.env)),
  };
}

/** Null when the app was never deployed; an engine without control has no app that was. */
async function liveState(
  context: Context,
  connection: EngineConnection,
  app: string,
): Promise<PlanState["live"]> {
  let summary: AppSummary;
  try {
    summary = await (await openControl(context, connection)).app(app);
  } catch (error) {
    if (!(error instanceof CutoverError)) throw error;
    if (error.code !== "APP_UNKNOWN" && error.code !== "CONTROL_UNREACHABLE") throw error;
    return null;
  }
  const { live, colour, services } = summary;
  if (!live || !colour) return null;
  return { release: live.number, colour, services: services.map((service) => service.name) };
}

async function baseState(connection: EngineConnection, app: string): Promise<PlanState["base"]> {
  const containers = await listContainers(connection, { "com.docker.compose.project": app });
  return containers.map(({ labels, state }) => ({
    service: labels["com.docker.compose.service"] ?? "",
    running: state === "running",
    configHash: labels["com.docker.compose.config-hash"] ?? null,
  }));
}

/** Compose's hash of each service's definition; empty where this compose does not tell. */
async function configHashes(project: Project): Promise<Record<string, string>> {
  const { stdout, exitCode } = await project.compose(["config", "--hash", "*"]);
  if (exitCode !== 0) return {};
  const pairs = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(pairs.flatMap(([name, hash]) => (name && hash ? [[name, hash]] : [])));
}

import { composeFailure, runCompose } from "../../engine/compose-command.ts";
import type { EngineConnection } from "../../engine/connection.ts";
import { listContainers } from "../../engine/containers.ts";
import { removeInstallation } from "../../install/down.ts";
import { CutoverError } from "../../model/error.ts";
import { confirm } from "../confirm.ts";
import type { Context, Result } from "../context.ts";
import { openControl } from "../control-access.ts";
import type { Control, Removed } from "../control-requests.ts";
import { openEngine } from "../engine-access.ts";
import { removeLeftovers } from "../leftovers.ts";
import { appName } from "../project.ts";

export interface DownOptions {
  all: boolean;
  yes: boolean;
}

/**
 * Removes the app of this directory: its routes, both colours, its images, and its base project as `docker compose
 * down` would; volumes stay. With `all` every app goes that way, then control and gateway with their state.
 * @throws APP_UNKNOWN, BUSY; USAGE when `all` is not confirmed in a pipe; ABORTED when a person says no
 */
export async function down(context: Context, options: DownOptions): Promise<Result> {
  const named = options.all ? null : await appName(context);
  await using connection = await openEngine(context);
  await requireConsent(context, options, named);
  const tell = (removed: Removed) => {
    if (context.json) context.io.stdout.write(`${JSON.stringify({ at: context.io.now(), ...removed })}\n`);
    else context.io.stdout.write(`removed ${removed.kind} ${removed.name}\n`);
  };
  const control = options.all
    ? await reachableControl(context, connection)
    : await openControl(context, connection);
  const apps = named === null ? await appsOf(control) : [named];
  for (const app of apps) await removeApp(context, connection, control, app, tell);
  if (options.all) {
    for (const app of await removeLeftovers(connection, context.instance, tell)) {
      await removeBase(context, connection, app, tell);
    }
    for (const removed of await removeInstallation(connection, context.instance)) {
      tell({ type: "removed", ...removed });
    }
  }
  return { exit: 0, data: undefined, text: null };
}

async function requireConsent(context: Context, options: DownOptions, app: string | null): Promise<void> {
  if (options.yes) return;
  const { io } = context;
  const terminal = io.stdin.isTTY === true && io.stderr.isTTY === true;
  if (!terminal && app !== null) return;
  if (!terminal) {
    throw new CutoverError("USAGE", "`down --all` removes every app, control and gateway.", {
      hint: "Say --yes when that is what you want.",
    });
  }
  const what =
    app === null
      ? "every app with its containers and images, then control and gateway? Volumes of apps stay."
      : `the app ${app} with its containers and images? Its volumes stay.`;
  if (await confirm(io, `Remove ${what} [y/N] `)) return;
  throw new CutoverError("ABORTED", "Nothing was removed.", { hint: "Answer y, or say --yes." });
}

/** Control where it can be asked; without it, what carries its labels is removed all the same. */
async function reachableControl(context: Context, connection: EngineConnection): Promise<Control | null> {
  try {
    return await openControl(context, connection);
  } catch (error) {
    if (!(error instanceof CutoverError)) throw error;
    if (error.code !== "CONTROL_UNREACHABLE" && error.code !== "CONTROL_VERSION") throw error;
    return null;
  }
}

async function appsOf(control: Control | null): Promise<string[]> {
  return control ? (await control.apps()).map((summary) => summary.app) : [];
}

async function removeApp(
  context: Context,
  connection: EngineConnection,
  control: Control | null,
  app: string,
  tell: (removed: Removed) => void,
): Promise<void> {
  if (control) for await (const removed of control.removeApp(app)) tell(removed);
  await removeBase(context, connection, app, tell);
}

/** The base project, by its name alone: compose finds what belongs to it by its labels. Volumes stay. */
async function removeBase(
  context: Context,
  connection: EngineConnection,
  app: string,
  tell: (removed: Removed) => void,
): Promise<void> {
  const containers = await listContainers(connection, { "com.docker.compose.project": app });
  const result = await runCompose({
    endpointEnv: {
      ...context.env,
      COMPOSE_FILE: undefined,
      COMPOSE_PROFILES: undefined,
      COMPOSE_ENV_FILES: undefined,
    },
    args: ["-p", app, "down"],
    cwd: "/",
  });
  if (result.exitCode !== 0)
    throw composeFailure(`docker compose could not remove the base project ${app}`, result);
  for (const { name } of containers) tell({ type: "removed", kind: "container", name });
}

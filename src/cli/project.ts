import { text } from "node:stream/consumers";
import { type ComposeOptions, globalFlags, type ResolvedProject, resolveModel } from "../compose/resolve.ts";
import {
  type ComposeResult,
  type ComposeRun,
  composeVersion,
  runCompose,
} from "../engine/compose-command.ts";
import { resolveEndpoint } from "../engine/endpoint.ts";
import type { Context } from "./context.ts";

/** The user's compose project, and a way to run compose on it. */
export interface Project extends ResolvedProject {
  /** Runs `docker compose` with the user's own files and flags. */
  compose(args: string[], options?: Pick<ComposeRun, "onLine" | "signal">): Promise<ComposeResult>;
}

/**
 * Resolves the compose file that the command line names, through compose. An engine that is named wrongly is told
 * first: compose would complain of it, and it is not the file that is wrong then.
 * @throws USAGE, COMPOSE_MISSING, COMPOSE_FILE_MISSING, COMPOSE_FILE_INVALID
 */
export async function loadProject(context: Context): Promise<Project> {
  const { globals, io } = context;
  resolveEndpoint({ env: context.env });
  const stdin = globals.file.includes("-") ? await text(io.stdin) : undefined;
  const options: ComposeOptions = {
    files: globals.file,
    envFiles: globals.envFile,
    profiles: globals.profile,
    env: context.env,
    cwd: io.cwd,
    ...(globals.projectName === null ? {} : { projectName: globals.projectName }),
    ...(globals.projectDirectory === null ? {} : { projectDirectory: globals.projectDirectory }),
    ...(stdin === undefined ? {} : { stdin }),
  };
  const run = (args: string[], extra: Partial<ComposeRun>) =>
    runCompose({ endpointEnv: context.env, args, cwd: io.cwd, ...extra });
  const resolved = await resolveModel(options, (args, extra = {}) => run(args, extra)).catch(
    async (error) => {
      // Docker's message about a missing plugin is no error of the file.
      await composeVersion(context.env);
      throw error;
    },
  );
  return {
    ...resolved,
    compose: (args, extra = {}) =>
      run([...globalFlags(options), ...args], { ...(stdin === undefined ? {} : { input: stdin }), ...extra }),
  };
}

/**
 * The app a command is about when it needs no more than the name: `-p`, COMPOSE_PROJECT_NAME, else the name that
 * compose gives the project here.
 */
export async function appName(context: Context): Promise<string> {
  const given = context.globals.projectName ?? context.env.COMPOSE_PROJECT_NAME;
  return given ? given : (await loadProject(context)).name;
}

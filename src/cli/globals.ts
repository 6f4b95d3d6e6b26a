import { type Command, Option } from "commander";
import { CutoverError } from "../model/error.ts";
import { collect } from "./values.ts";

/** Compose's own global flags, as given; compose reads COMPOSE_FILE and its like itself. */
export interface GlobalOptions {
  file: string[];
  projectName: string | null;
  envFile: string[];
  profile: string[];
  projectDirectory: string | null;
  host: string | null;
  context: string | null;
}

/** What commander keeps of them. */
type RawGlobals = {
  file?: string[];
  projectName?: string;
  envFile?: string[];
  profile?: string[];
  projectDirectory?: string;
  host?: string;
  context?: string;
};

/**
 * Declares the global flags on a command: on the program, where they stand before the command's name, and on every
 * command, where they stand after it. `-f` after `logs` is its own.
 */
export function declareGlobals(command: Command, except: readonly string[] = []): void {
  const short = (flag: string, rest: string) => (except.includes(flag) ? rest : `${flag}, ${rest}`);
  const options = [
    new Option(`${short("-f", "--file <path>")}`, "Compose file; repeatable").argParser(collect),
    new Option("-p, --project-name <name>", "Name of the app, as compose's project name"),
    new Option("--env-file <path>", "Environment file; repeatable").argParser(collect),
    new Option("--profile <name>", "Profile to enable; repeatable").argParser(collect),
    new Option("--project-directory <path>", "Working directory of the compose file"),
    new Option("-H, --host <address>", "Docker Engine to use"),
    new Option("-c, --context <name>", "Docker context to use"),
  ];
  for (const option of options) command.addOption(option.helpGroup("Global options:"));
}

/** The flags given before and after the command's name together; the later one wins where only one can be. */
export function mergeGlobals(before: RawGlobals, after: RawGlobals): GlobalOptions {
  const host = after.host ?? before.host ?? null;
  const context = after.context ?? before.context ?? null;
  if (host !== null && context !== null)
    throw new CutoverError("USAGE", "Give --host or --context, not both.");
  return {
    file: [...(before.file ?? []), ...(after.file ?? [])],
    projectName: after.projectName ?? before.projectName ?? null,
    envFile: [...(before.envFile ?? []), ...(after.envFile ?? [])],
    profile: [...(before.profile ?? []), ...(after.profile ?? [])],
    projectDirectory: after.projectDirectory ?? before.projectDirectory ?? null,
    host,
    context,
  };
}

/**
 * The environment for the engine and for docker's own command: --host and --context win over the variables. A
 * variable that must not reach a child process is there as undefined.
 */
export function engineEnv(env: NodeJS.ProcessEnv, globals: GlobalOptions): NodeJS.ProcessEnv {
  if (globals.host !== null) return { ...env, DOCKER_HOST: globals.host, DOCKER_CONTEXT: undefined };
  if (globals.context !== null) return { ...env, DOCKER_CONTEXT: globals.context, DOCKER_HOST: undefined };
  return env;
}

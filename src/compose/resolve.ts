import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { CutoverError } from "../model/error.ts";
import { composeConfigError, composeWarnings } from "./compose-error.ts";
import { composeFiles, readSources } from "./compose-files.ts";
import type { ComposeModel } from "./compose-model.ts";
import { unescapeKeys } from "./dollar.ts";
import type { SourceFile } from "./source-file.ts";

/** Compose's own global options, as the user gave them. */
export interface ComposeOptions {
  /** `-f`, in order; `-` is standard input. */
  files: readonly string[];
  /** `-p`. */
  projectName?: string;
  /** `--project-directory`. */
  projectDirectory?: string;
  /** `--env-file`. */
  envFiles: readonly string[];
  /** `--profile`. */
  profiles: readonly string[];
  /** The environment that compose runs in; read for COMPOSE_FILE only. */
  env: Readonly<Record<string, string | undefined>>;
  /** The directory that compose runs in; the process's own unless given. */
  cwd?: string;
  /** What stands on standard input, for `-f -`. */
  stdin?: string;
}

/** Runs `docker compose ARGS`. Resolves whatever the exit code; throws only where compose could not be run. */
export type RunCompose = (
  args: string[],
  options?: { input?: string },
) => Promise<{ stdout: string; stderr: string; exitCode: number }>;

export interface ResolvedProject {
  name: string;
  /** As `docker compose config` gives it. Holds environment values: never print it. */
  model: ComposeModel;
  /** The user's files: what positions in errors refer to. */
  sources: SourceFile[];
  /** Absolute; relative paths in the files were resolved against it. */
  projectDirectory: string;
  /** Compose's own warnings, e.g. of variables that are not set. */
  warnings: string[];
}

/** Compose's global flags for these options. */
export function globalFlags(options: ComposeOptions): string[] {
  return [
    ...options.files.flatMap((file) => ["-f", file]),
    ...(options.projectName === undefined ? [] : ["-p", options.projectName]),
    ...(options.projectDirectory === undefined ? [] : ["--project-directory", options.projectDirectory]),
    ...options.envFiles.flatMap((file) => ["--env-file", file]),
    ...options.profiles.flatMap((profile) => ["--profile", profile]),
  ];
}

/**
 * The project as compose itself resolves it: interpolation, extends, include, profiles, env files and merges are
 * compose's. Throws COMPOSE_FILE_MISSING, or COMPOSE_FILE_INVALID with compose's message and the place in the file.
 * The YAML form is read because compose leaves `x-` keys of services out of its JSON.
 */
export async function resolveModel(options: ComposeOptions, run: RunCompose): Promise<ResolvedProject> {
  const cwd = options.cwd ?? process.cwd();
  const paths = composeFiles({ ...options, cwd });
  const input = options.stdin === undefined ? {} : { input: options.stdin };
  const result = await run([...globalFlags(options), "config"], input);
  const sources = readSources(paths, cwd, options.stdin);
  if (result.exitCode !== 0) {
    const missing = paths.filter((path) => path !== "-" && !existsSync(path));
    throw composeConfigError({ stderr: result.stderr, sources, missing });
  }
  const model = readModel(result.stdout);
  const first = paths.find((path) => path !== "-");
  return {
    name: model.name,
    model,
    sources,
    projectDirectory: resolve(cwd, options.projectDirectory ?? (first ? dirname(first) : ".")),
    warnings: composeWarnings(result.stderr),
  };
}

/** The model in the YAML that `docker compose config` prints. Throws COMPOSE_FAILED when it is none. */
export function readModel(yaml: string): ComposeModel {
  const model = unescapeKeys(
    parse(yaml, { version: "1.2", schema: "core", maxAliasCount: -1, logLevel: "silent" }),
  );
  if (!isModel(model)) {
    throw new CutoverError("COMPOSE_FAILED", "`docker compose config` did not print a compose model.");
  }
  return { ...model, services: model.services ?? {} };
}

function isModel(value: unknown): value is ComposeModel {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}

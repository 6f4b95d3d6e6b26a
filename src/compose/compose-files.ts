import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parse } from "yaml";
import type { SourceFile } from "./source-file.ts";

/** Default names, in the order in which compose looks for them. */
const defaultNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const overrideNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface FileOptions {
  /** Values of `-f`. */
  files: readonly string[];
  projectDirectory?: string;
  envFiles: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths are resolved against. */
  cwd: string;
}

/**
 * Absolute paths of the files that compose reads: `-f`, else COMPOSE_FILE (from the environment or the env file), else
 * the default names in the directory or the nearest one above, with its override. `-` stands for standard input.
 * Empty when there is none. Source: docs.docker.com/compose/how-tos/environment-variables/envvars and compose-go's
 * `cli/options.go`.
 */
export function composeFiles(options: FileOptions): string[] {
  const absolute = (path: string): string => (path === "-" ? path : resolve(options.cwd, path));
  if (options.files.length > 0) return options.files.map(absolute);
  const directory = resolve(options.cwd, options.projectDirectory ?? ".");
  const setting = (name: string): string | undefined =>
    options.env[name] ?? fromEnvFiles(options, directory, name);
  const named = setting("COMPOSE_FILE");
  if (named) {
    const separator = setting("COMPOSE_PATH_SEPARATOR") ?? (process.platform === "win32" ? ";" : ":");
    return named.split(separator).filter(Boolean).map(absolute);
  }
  return searchUpwards(directory);
}

function searchUpwards(start: string): string[] {
  for (let directory = start; ; directory = dirname(directory)) {
    const name = defaultNames.find((one) => existsSync(join(directory, one)));
    if (name) {
      const override = overrideNames.find((one) => existsSync(join(directory, one)));
      return [name, ...(override ? [override] : [])].map((one) => join(directory, one));
    }
    if (dirname(directory) === directory) return [];
  }
}

/** A variable out of the env files, without interpolation: enough for the names of files. */
function fromEnvFiles(options: FileOptions, directory: string, name: string): string | undefined {
  const named = options.env.COMPOSE_ENV_FILES?.split(",").filter(Boolean) ?? [];
  const given = options.envFiles.length > 0 ? options.envFiles : named;
  const files = given.length > 0 ? given : [join(directory, ".env")];
  let value: string | undefined;
  for (const file of files) {
    const text = readOrNull(resolve(options.cwd, file)) ?? "";
    for (const line of text.split(/\r?\n/)) {
      const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*$/.exec(line);
      if (match?.[1] === name) value = (match[2] ?? "").replace(/^(["'])(.*)\1$/, "$2");
    }
  }
  return value;
}

/** The files with their text, and those they include or extend; what can't be read is left out. */
export function readSources(paths: readonly string[], cwd: string, stdin?: string): SourceFile[] {
  const sources: SourceFile[] = [];
  const seen = new Set<string>();
  const read = (path: string, before: boolean): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = path === "-" ? (stdin ?? null) : readOrNull(path);
    if (text === null) return;
    const source = { path: path === "-" ? "<stdin>" : shownPath(path, cwd), text };
    if (before) sources.unshift(source);
    else sources.push(source);
    const base = path === "-" ? cwd : dirname(path);
    for (const other of referencedFiles(text)) read(resolve(base, other), true);
  };
  for (const path of paths) read(path, false);
  return sources;
}

function referencedFiles(text: string): string[] {
  const model = parseOrNull(text);
  if (!isRecord(model)) return [];
  const found: string[] = [];
  for (const entry of listOf(model.include)) {
    for (const path of isRecord(entry) ? listOf(entry.path) : [entry]) {
      if (typeof path === "string") found.push(path);
    }
  }
  for (const service of Object.values(isRecord(model.services) ? model.services : {})) {
    const base = isRecord(service) ? service.extends : null;
    if (isRecord(base) && typeof base.file === "string") found.push(base.file);
  }
  return found;
}

function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function parseOrNull(text: string): unknown {
  try {
    return parse(text, { merge: true, logLevel: "silent" });
  } catch {
    return null;
  }
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import type { Position } from "../model/error.ts";
import { CutoverError } from "../model/error.ts";
import { didYouMean } from "./nearest.ts";
import { type KeyPath, type SourceFile, locate, locateScalar, syntaxErrorPosition } from "./source-file.ts";

interface Failure {
  stderr: string;
  sources: readonly SourceFile[];
  /** Files that were named or found but do not exist. */
  missing: readonly string[];
}

/**
 * The error for a `docker compose config` that failed: COMPOSE_FILE_MISSING when there is no file, else
 * COMPOSE_FILE_INVALID with compose's own message and, where the message tells it, the place in the user's file.
 */
export function composeConfigError(failure: Failure): CutoverError {
  const lines = messageLines(failure.stderr);
  const message = lines.join(" ").trim();
  if (/no configuration file provided/i.test(message)) {
    return new CutoverError("COMPOSE_FILE_MISSING", "There is no compose file here or in a directory above.");
  }
  const missing = failure.missing[0];
  if (missing !== undefined) {
    return new CutoverError("COMPOSE_FILE_MISSING", `There is no compose file ${missing}.`, {
      details: lines,
      hint: "Correct the name given with -f or in COMPOSE_FILE.",
    });
  }
  const where = messagePosition(message, failure.sources);
  return new CutoverError(
    "COMPOSE_FILE_INVALID",
    `${headline(message)}${suggestion(message, failure.sources)}`,
    {
      ...(where ? { where } : {}),
      details: lines.length > 1 ? lines : [],
    },
  );
}

/** Compose's warnings out of its standard error: the text of each `level=warning` line. */
export function composeWarnings(stderr: string): string[] {
  const found: string[] = [];
  for (const line of stderr.split("\n")) {
    const match = /level=warning msg="((?:[^"\\]|\\.)*)"/.exec(line);
    if (match?.[1]) found.push(match[1].replace(/\\(.)/g, "$1"));
    else if (/^\s*WARN\[\d+\]\s+/.test(line)) found.push(line.replace(/^\s*WARN\[\d+\]\s+/, "").trim());
  }
  return [...new Set(found)];
}

function messageLines(stderr: string): string[] {
  return stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^time="|level=warning|^WARN\[/.test(line));
}

function headline(message: string): string {
  return message
    .replace(/^validating \S+?: /, "")
    .replace(/^decoding failed due to the following error\(s\): */, "")
    .replace(/: invalid compose project$/, "");
}

/** Every way in which compose names a place, from the exact to the vague. */
function messagePosition(message: string, sources: readonly SourceFile[]): Position | null {
  if (/^yaml:|failed to parse .*yaml:|: yaml:/.test(message)) {
    const line = /line (\d+)/.exec(message)?.[1];
    if (/already defined/.test(message)) return lineOf(sources, line);
    for (const source of sources) {
      const position = syntaxErrorPosition(source);
      if (position) return position;
    }
    return lineOf(sources, line);
  }
  const path = messagePath(message);
  if (path) {
    const position = locate(sources, path);
    if (position) return position;
  }
  const token =
    /invalid (?:host|container)? ?port(?: range)?:? "?([^\s"]+)/i.exec(message)?.[1] ??
    /(?:env file|open|stat) (\S+?)(?: not found|: no such file)/.exec(message)?.[1] ??
    /\(?invalid (?:mount|volume|spec)[^:]*: "?([^\s"]+)/i.exec(message)?.[1];
  if (!token) return null;
  const name = token.split("/").at(-1) ?? token;
  return locateScalar(
    sources,
    (text) => text === token || text.split("/").at(-1) === name || text.includes(`${token}:`),
  );
}

function messagePath(message: string): KeyPath | null {
  const extra =
    /(\(root\)|[\w.[\]-]+) Additional property (.+?) is not allowed/.exec(message) ??
    /(\(root\)|[\w.[\]-]+) additional properties '([^']+)'.* not allowed/.exec(message);
  if (extra?.[1] && extra[2]) return [...keyPath(extra[1]), extra[2]];
  const undefinedOne =
    /service "([^"]+)" depends on undefined service "?([^":]+)/.exec(message) ??
    /service "([^"]+)" refers to undefined (network|volume|secret|config) "?([^":]+)/.exec(message);
  if (undefinedOne?.[1]) {
    const kind = undefinedOne[3] === undefined ? "depends_on" : `${undefinedOne[2]}s`;
    const name = undefinedOne[3] ?? undefinedOne[2] ?? "";
    return ["services", undefinedOne[1], kind, name];
  }
  const extended = /cannot extend service "([^"]+)"/.exec(message)?.[1];
  if (extended) return ["services", extended, "extends"];
  const dotted = /\b((?:services|networks|volumes|secrets|configs)(?:\.[\w-]+|\.?\[[^\]]+\])+)/.exec(
    message,
  )?.[1];
  if (dotted) return keyPath(dotted);
  const named = /service "?([\w.-]+)"? (?:has|must|can)/.exec(message)?.[1];
  return named ? ["services", named] : null;
}

/** `services.web.ports.[0]` and `services[web].mem_limit` as steps. */
function keyPath(text: string): KeyPath {
  if (text === "(root)") return [];
  return text
    .replace(/\[([^\]]+)\]/g, ".$1")
    .split(".")
    .filter(Boolean)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function lineOf(sources: readonly SourceFile[], line: string | undefined): Position | null {
  const source = sources.at(-1);
  if (!source || !line) return null;
  return { file: source.path, line: Number(line), column: null };
}

function suggestion(message: string, sources: readonly SourceFile[]): string {
  const unknown = /undefined service "?([^":]+)/.exec(message)?.[1];
  if (unknown) return didYouMean(unknown, serviceNames(sources));
  return "";
}

function serviceNames(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) => keysOfServices(source.text));
}

function keysOfServices(text: string): string[] {
  const block = /^services:[^\n]*\n((?:[ \t]+[^\n]*\n?|\s*\n)*)/m.exec(`${text}\n`)?.[1] ?? "";
  const indent = /^([ \t]+)\S/m.exec(block)?.[1];
  if (!indent) return [];
  return [...block.matchAll(new RegExp(`^${indent}([\\w.-]+):`, "gm"))].map((match) => match[1] ?? "");
}

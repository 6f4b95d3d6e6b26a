import type { Command, Option } from "commander";
import { gatewaySettingCatalogue } from "../../model/gateway-setting-catalogue.ts";
import { engineEnv, mergeGlobals } from "../globals.ts";
import type { Io } from "../io.ts";
import { createProgram } from "../program.ts";
import { type Candidate, dynamicCandidates, type Source } from "./dynamic.ts";
import { shells } from "./scripts.ts";

/** What cobra's protocol says about file names: `:0` they fit, `:4` they don't. */
const files = ":0";
const noFiles = ":4";

/**
 * Candidates for the last of `words`, the rest being what stands before it on the command line. Never throws: what
 * can't be found out is not offered.
 */
export async function complete(io: Io, words: readonly string[]): Promise<string> {
  const program = createProgram(io, async () => {});
  const line = readLine(program, words.slice(0, -1));
  const current = words.at(-1) ?? "";
  const place = placeOf(program, line, current);
  if (place === "files") return `${files}\n`;
  const found = "source" in place ? await ask(io, line, place.source) : place.candidates;
  const fitting = found.filter((candidate) => candidate.value.startsWith(current));
  const lines = fitting.map(({ value, about }) => (about ? `${value}\t${about}` : value));
  return `${[...lines, noFiles].join("\n")}\n`;
}

/** What stands before the word to complete. */
interface Line {
  command: Command | null;
  subcommand: Command | null;
  /** Words that are neither options nor their values. */
  operands: string[];
  /** The option whose value comes next. */
  open: Option | null;
  /** Global options met so far, by commander's name. */
  globals: Record<string, string[]>;
}

function readLine(program: Command, words: readonly string[]): Line {
  const line: Line = { command: null, subcommand: null, operands: [], open: null, globals: {} };
  for (const word of words) {
    if (line.open) {
      note(line, line.open, word);
      line.open = null;
      continue;
    }
    if (word.startsWith("-") && word !== "-") {
      const [flag = "", value] = word.startsWith("--") ? word.split("=", 2) : [word];
      const option = findOption(program, line, flag);
      if (option?.required && value === undefined) line.open = option;
      else if (option && value !== undefined) note(line, option, value);
      continue;
    }
    if (!line.command) line.command = program.commands.find((command) => command.name() === word) ?? null;
    else if (!line.subcommand && line.command.commands.length > 0) {
      line.subcommand = line.command.commands.find((command) => command.name() === word) ?? null;
    } else line.operands.push(word);
  }
  return line;
}

function findOption(program: Command, line: Line, flag: string): Option | null {
  const options = line.command?.options ?? program.options;
  return options.find((option) => option.short === flag || option.long === flag) ?? null;
}

function note(line: Line, option: Option, value: string): void {
  const name = option.attributeName();
  line.globals[name] = [...(line.globals[name] ?? []), value];
}

/** What may stand at the end of the line. */
function placeOf(
  program: Command,
  line: Line,
  current: string,
): "files" | { candidates: Candidate[] } | { source: Source } {
  if (line.open) return valuePlace(line.open);
  if (current.startsWith("-")) return { candidates: optionCandidates(line.command ?? program) };
  if (!line.command) return { candidates: commandCandidates(program) };
  if (line.command.commands.length > 0 && !line.subcommand)
    return { candidates: commandCandidates(line.command) };
  switch (line.command.name()) {
    case "deploy":
    case "logs":
      return { source: { kind: "services", except: line.operands } };
    case "rollback":
      return line.operands.length === 0
        ? { source: { kind: "releases", restorable: true } }
        : { candidates: [] };
    case "completion":
      return { candidates: line.operands.length === 0 ? shells.map((value) => ({ value, about: "" })) : [] };
    default:
      return { candidates: [] };
  }
}

function valuePlace(option: Option): "files" | { candidates: Candidate[] } | { source: Source } {
  switch (option.long) {
    case "--file":
    case "--env-file":
    case "--project-directory":
      return "files";
    case "--profile":
      return { source: { kind: "profiles" } };
    case "--context":
      return { source: { kind: "contexts" } };
    case "--release":
      return { source: { kind: "releases", restorable: false } };
    case "--gateway":
      return {
        candidates: gatewaySettingCatalogue.map(({ name, meaning }) => ({
          value: `${name}=`,
          about: meaning,
        })),
      };
    case "--scale":
      return { source: { kind: "scales" } };
    default:
      return { candidates: (option.argChoices ?? []).map((value) => ({ value, about: "" })) };
  }
}

function optionCandidates(command: Command): Candidate[] {
  const shown = command.options.map((option) => ({
    value: option.long ?? option.short ?? "",
    about: option.description,
  }));
  return [...shown, { value: "--help", about: "Show help" }];
}

function commandCandidates(command: Command): Candidate[] {
  const commands = command.commands.map((sub) => ({ value: sub.name(), about: sub.description() }));
  return command.parent ? commands : [...commands, { value: "help", about: "Show help for a command" }];
}

async function ask(io: Io, line: Line, source: Source): Promise<Candidate[]> {
  try {
    const { file, envFile, profile, projectName, projectDirectory, host, context } = line.globals;
    const last = (values: string[] | undefined, key: string) => {
      const value = values?.at(-1);
      return value === undefined ? {} : { [key]: value };
    };
    const globals = mergeGlobals(
      {
        ...(file ? { file } : {}),
        ...(envFile ? { envFile } : {}),
        ...(profile ? { profile } : {}),
        ...last(projectName, "projectName"),
        ...last(projectDirectory, "projectDirectory"),
        ...last(host, "host"),
        ...last(context, "context"),
      },
      {},
    );
    const env = engineEnv(io.env, globals);
    return await dynamicCandidates(
      { io, globals, env, instance: env.CUTOVER_INSTANCE || "cutover", json: false },
      source,
    );
  } catch {
    return [];
  }
}

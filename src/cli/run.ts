import { type Command, CommanderError } from "commander";
import { version } from "../install/version.ts";
import { CutoverError, type ErrorBody, errorBody } from "../model/error.ts";
import { errorCatalogue } from "../model/error-catalogue.ts";
import type { Context, Result } from "./context.ts";
import { dispatch } from "./dispatch.ts";
import { engineEnv, mergeGlobals } from "./globals.ts";
import type { Io } from "./io.ts";
import { metadataArgument, pluginArguments, pluginMetadata } from "./plugin.ts";
import { createProgram } from "./program.ts";
import { renderError } from "./render/error.ts";
import { styleOf } from "./render/style.ts";
import { usageError } from "./usage.ts";

/** Carries one command line out, prints, and gives the exit code. Never throws. */
export async function runCli(io: Io): Promise<number> {
  try {
    if (io.args[0] === metadataArgument) {
      io.stdout.write(`${pluginMetadata(version)}\n`);
      return 0;
    }
    const given =
      io.name === "docker-cutover" ? pluginArguments(io.args, io.env) : { args: io.args, env: io.env };
    return await runArguments({ ...io, ...given });
  } catch (error) {
    return fail(io, error);
  }
}

async function runArguments(io: Io): Promise<number> {
  if (io.args[0] === "__complete") {
    const { complete } = await import("./completion/complete.ts");
    io.stdout.write(await complete(io, io.args.slice(1)));
    return 0;
  }
  let exit = 0;
  const program = createProgram(io, async (name, args, command) => {
    const context = contextOf(io, program, command);
    exit = print(context, await dispatch(name, context, command.opts(), args));
  });
  try {
    await program.parseAsync(io.args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.help" && error.exitCode !== 0) {
      io.stderr.write(helpOf(program, io.args));
      return errorCatalogue.USAGE.exit;
    }
    const usage = usageError(error, program.name());
    if (usage) throw usage;
  }
  return exit;
}

/** The help that stands for a missing command: the program's, or that of a command with commands of its own. */
function helpOf(program: Command, args: readonly string[]): string {
  const group = program.commands.find(
    (command) => command.commands.length > 0 && args.includes(command.name()),
  );
  return (group ?? program).helpInformation();
}

function contextOf(io: Io, program: Command, command: Command): Context {
  const globals = mergeGlobals(program.opts(), command.opts());
  return {
    io,
    globals,
    env: engineEnv(io.env, globals),
    instance: io.env.CUTOVER_INSTANCE || "cutover",
    json: command.opts().json === true,
  };
}

function print(context: Context, result: Result): number {
  const { stdout } = context.io;
  if (context.json) {
    if (result.data !== undefined) stdout.write(`${JSON.stringify(result.data)}\n`);
  } else if (result.text !== null) {
    stdout.write(result.text);
  }
  return result.exit;
}

/** Prints an error to stderr, and with --json as the last line of stdout too; gives its exit code. */
function fail(io: Io, error: unknown): number {
  const body: ErrorBody = errorBody(error);
  io.stderr.write(renderError(body, styleOf(io.stderr, io.env)));
  if (wantsJson(io.args))
    io.stdout.write(`${JSON.stringify({ at: io.now(), type: "error", error: body })}\n`);
  return error instanceof CutoverError ? errorCatalogue[error.code].exit : errorCatalogue.INTERNAL.exit;
}

/** The command line may be what is wrong, so this looks at it as it is. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

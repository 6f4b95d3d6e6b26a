import { Command, Option } from "commander";
import { version } from "../install/version.ts";
import { declareGlobals } from "./globals.ts";
import { commandTerm, formatHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { collect, collectScale, parseDuration, parsePort, parseRelease, parseTail } from "./values.ts";

/** Called with the chosen command's full name (`deploy`, `plugin install`), its arguments and the command itself. */
export type Act = (name: string, args: unknown[], command: Command) => Promise<void>;

/** The command line: every command and option with its help. `act` carries out the chosen one. */
export function createProgram(io: Io, act: Act): Command {
  const name = io.name === "docker-cutover" ? "docker cutover" : "cutover";
  const program = new Command(name)
    .description("Zero-downtime deployments for Docker Compose: `deploy` in the directory of a compose file.")
    .usage("[global options] COMMAND")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .helpOption("-h, --help", "Show this help")
    .configureHelp({ formatHelp, subcommandTerm: commandTerm })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getOutHasColors: () => false,
    })
    .version(`cutover ${version}`, "-v, --version", "Show the version");
  declareGlobals(program);
  declareCommands(program, act);
  program.helpCommand("help [COMMAND]", "Show what a command does and its options");
  return program;
}

function declareCommands(program: Command, act: Act): void {
  const command = (name: string, about: string, except: string[] = []) => {
    const made = program.command(name).description(about).helpOption("-h, --help", "Show this help");
    declareGlobals(made, except);
    made.action(() => act(made.name(), made.processedArgs, made));
    return made;
  };

  program.commandsGroup("Deploy:");
  deploymentOptions(
    command("deploy", "Build, start beside the running release, switch when ready")
      .argument(
        "[SERVICE...]",
        "Only these are built and pulled anew; the others keep the live release's image",
      )
      .option("--plan", "Show what would be done and change nothing")
      .option("--build", "Build services that have a build section (the default)")
      .option("--no-build", "Use the images that the engine has")
      .addOption(
        new Option("--pull <when>", "Pull images that are not built here")
          .choices(["always", "missing", "never"])
          .default("missing"),
      )
      .option("--force", "Deploy even if nothing has changed")
      .option("--scale <service=number>", "Containers of a service; repeatable", collectScale),
  );
  deploymentOptions(
    command("rollback", "Bring an earlier release back").argument(
      "[RELEASE]",
      "Its number; the one that was live before by default",
      parseRelease,
    ),
  );

  program.commandsGroup("Look:");
  command("status", "Show apps, their live releases, routes and containers").option("--json", "Print JSON");
  command("history", "Show the releases of an app").option("--json", "Print JSON");
  command("logs", "Show what the live release's containers print", ["-f"])
    .argument("[SERVICE...]", "Only these services")
    .option("-f, --follow", "Go on with what is printed from now on, over deployments")
    .option("--release <number>", "Of this release instead of the live one", parseRelease)
    .option("-n, --tail <lines>", "Lines to begin with, for each container", parseTail, "all")
    .option("-t, --timestamps", "Show the time of each line")
    .option("--no-log-prefix", "Leave the container's name out");

  program.commandsGroup("Install:");
  command("up", "Start or repair control and gateway")
    .option("--http-port <port>", "Port of the gateway for apps without a port of their own", parsePort)
    .option("--https-port <port>", "Port of the gateway for TLS", parsePort)
    .option("--bind <address>", "Address the gateway listens on; every address by default")
    .option("--gateway <name=value>", "Setting of the gateway; NAME= for its default; repeatable", collect)
    .option("--json", "Print JSON");
  command("down", "Remove an app, or everything with --all; volumes stay")
    .option("--all", "Remove every app, control and gateway")
    .option("-y, --yes", "Do not ask")
    .option("--json", "Print one JSON object a line");
  command("version", "Show the versions of the command, control and the engine").option(
    "--json",
    "Print JSON",
  );
  command("completion", "Print a shell's completion script").argument("<bash|zsh|fish>", "The shell");
  const plugin = program
    .command("plugin")
    .description("Install as `docker cutover`")
    .helpOption("-h, --help", "Show this help")
    .helpCommand(false);
  for (const [name, about] of [
    ["install", "Link this command into Docker's plugin directory"],
    ["uninstall", "Take the link away"],
  ] as const) {
    plugin
      .command(name)
      .description(about)
      .helpOption("-h, --help", "Show this help")
      .action(() => act(`plugin ${name}`, [], plugin));
  }
}

/** Options of the two commands that make a release live. */
function deploymentOptions(command: Command): Command {
  return command
    .option("--wait", "Wait until the release is live and the old one retired (the default)")
    .option("-d, --detach", "Return when control has taken over")
    .option("--timeout <duration>", "How long the release may take to become ready", parseDuration)
    .option(
      "--wait-lock [duration]",
      "Wait for another deployment's end instead of being refused",
      parseDuration,
    )
    .option("--json", "Print one event a line");
}

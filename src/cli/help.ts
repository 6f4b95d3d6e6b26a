import type { Command, Help } from "commander";

const globalGroup = "Global options:";

/**
 * A command's help: what it is for first, then its commands, arguments and own options, and last the global options, which
 * are the same everywhere.
 */
export function formatHelp(command: Command, help: Help): string {
  const width = help.padWidth(command, help);
  const item = (term: string, about: string) => help.formatItem(term, width, about, help);
  const argumentItems = help
    .visibleArguments(command)
    .map((argument) => item(help.argumentTerm(argument), help.argumentDescription(argument)));
  const options = help.groupItems(
    [...command.options],
    help.visibleOptions(command),
    (option) => option.helpGroupHeading ?? "Options:",
  );
  const optionList = (group: string) =>
    (options.get(group) ?? []).map((option) => item(help.optionTerm(option), help.optionDescription(option)));
  const commands = help.groupItems(
    [...command.commands],
    help.visibleCommands(command),
    (sub) => sub.helpGroup() || "Commands:",
  );
  const lines = [
    `Usage: ${help.commandUsage(command)}`,
    "",
    help.boxWrap(help.commandDescription(command), help.helpWidth ?? 80),
    "",
    ...[...commands].flatMap(([group, subs]) =>
      section(
        group,
        subs.map((sub) => item(commandTerm(sub), help.subcommandDescription(sub))),
      ),
    ),
    ...section("Arguments:", argumentItems),
    ...[...options.keys()]
      .filter((group) => group !== globalGroup)
      .flatMap((group) => section(group, optionList(group))),
    ...section(globalGroup, optionList(globalGroup)),
  ];
  return lines.join("\n");
}

/** The name with its arguments: `deploy [SERVICE...]`. */
export function commandTerm(command: Command): string {
  const given = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...given].join(" ");
}

function section(title: string, items: string[]): string[] {
  return items.length === 0 ? [] : [title, ...items, ""];
}

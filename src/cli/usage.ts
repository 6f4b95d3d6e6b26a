import type { CommanderError } from "commander";
import { CutoverError } from "../model/error.ts";

/**
 * The USAGE error for what commander found wrong: its sentence, and the nearest right name as the hint. Null for
 * what is no error: help and version were shown.
 */
export function usageError(error: CommanderError, command: string): CutoverError | null {
  if (error.exitCode === 0) return null;
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const near = /\(Did you mean (.+)\?\)/s.exec(rest.join(" "))?.[1];
  const sentence = first.replace(/'([^']*)'/g, "`$1`").replace(/\.$/, "");
  const message = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
  const help = `See \`${command} --help\`.`;
  return new CutoverError("USAGE", message, {
    hint: near === undefined ? help : `Did you mean \`${near}\`? ${help}`,
  });
}

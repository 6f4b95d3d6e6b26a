import { CutoverError } from "../../model/error.ts";
import { completionScript, type Shell, shells } from "../completion/scripts.ts";
import type { Result } from "../context.ts";

/** Prints a shell's completion script. @throws USAGE for another shell */
export function completion(shell: string): Result {
  const known = shells.find((name): name is Shell => name === shell);
  if (!known) {
    throw new CutoverError("USAGE", `There is no completion for \`${shell}\`.`, {
      hint: `Write one of ${shells.join(", ")}.`,
    });
  }
  return { exit: 0, data: undefined, text: completionScript[known] };
}

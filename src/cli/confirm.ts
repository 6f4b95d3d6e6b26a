import { createInterface } from "node:readline/promises";
import type { Io } from "./io.ts";

/** Asks on the terminal; anything but yes is no. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const lines = createInterface({ input: io.stdin, output: io.stderr as NodeJS.WriteStream });
  const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  lines.once("SIGINT", () => lines.close());
  try {
    const answer = await Promise.race([lines.question(question), closed]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { type Spread, spreadOf } from "./spread.ts";

const runs = 15;

export const cutoverPath = fileURLToPath(new URL("../bin/cutover", import.meta.url));

/** Milliseconds that `cutover --help` takes, from its start to its end; the first run, which fills caches, is left out. */
export async function helpTime(signal: AbortSignal): Promise<Spread | null> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const from = performance.now();
    await execa(cutoverPath, ["--help"], { stdin: "ignore", cancelSignal: signal });
    if (run > 0) times.push(performance.now() - from);
  }
  return spreadOf(times);
}

import type { Context } from "../context.ts";
import type { Reporter } from "../event.ts";
import { jsonReporter } from "./json.ts";
import { plainReporter } from "./plain.ts";
import { styleOf } from "./style.ts";

/** `--json`: one event a line; a terminal: live lines; else plain lines. Only a terminal's needs are loaded for one. */
export async function createReporter({ io, env, json }: Context): Promise<Reporter> {
  if (json) return jsonReporter(io.stdout);
  const style = styleOf(io.stdout, env);
  if (!style.live) return plainReporter(io.stdout, style, io.now);
  const { ttyReporter } = await import("./tty.ts");
  return ttyReporter(io.stdout, style, io.now);
}

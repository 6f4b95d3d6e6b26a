import picocolors from "picocolors";
import type { Output } from "../io.ts";

type Paint = (text: string) => string;

/** How text is dressed for one stream. */
export interface Style {
  /** The stream is a terminal that can move its cursor. */
  live: boolean;
  bold: Paint;
  dim: Paint;
  red: Paint;
  green: Paint;
  yellow: Paint;
  cyan: Paint;
  good: string;
  bad: string;
  warn: string;
  spinner: readonly string[];
  /** Columns; 80 where the stream has none. */
  width: number;
  /** Columns a paragraph may take: a terminal's, and no bound in a pipe. */
  wrapAt: number;
}

/**
 * Colours where `output` is a terminal, unless NO_COLOR (https://no-color.org: set and not empty) or TERM=dumb says
 * otherwise; FORCE_COLOR turns them on in a pipe. Plain ASCII signs on terminals known to lack others.
 */
export function styleOf(output: Output, env: NodeJS.ProcessEnv): Style {
  const terminal = output.isTTY === true && env.TERM !== "dumb";
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "" && env.FORCE_COLOR !== "0";
  const colours = (terminal || forced) && !env.NO_COLOR;
  const c = picocolors.createColors(colours);
  const ascii = env.TERM === "linux" || env.TERM === "dumb";
  return {
    live: terminal,
    bold: c.bold,
    dim: c.dim,
    red: c.red,
    green: c.green,
    yellow: c.yellow,
    cyan: c.cyan,
    good: ascii ? "+" : "✔",
    bad: ascii ? "x" : "✖",
    warn: ascii ? "!" : "▲",
    spinner: ascii ? ["|", "/", "-", "\\"] : ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    width: output.columns || 80,
    wrapAt: terminal ? output.columns || 80 : Number.POSITIVE_INFINITY,
  };
}

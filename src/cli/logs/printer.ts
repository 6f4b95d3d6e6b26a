import type { EngineConnection } from "../../engine/connection.ts";
import { containerLines } from "../../engine/logs.ts";
import type { Output } from "../io.ts";
import type { Style } from "../render/style.ts";
import { mergeSorted } from "./merge.ts";
import { logPrefix } from "./prefix.ts";

/** A container whose lines are printed. */
export interface LogSource {
  id: string;
  /** As compose calls it: `web-1`. */
  name: string;
}

interface PrinterOptions {
  tail: number | "all";
  timestamps: boolean;
  prefix: boolean;
  signal: AbortSignal;
}

/** Prints lines of containers, each with its container's name before it. */
export class LogPrinter {
  readonly #connection: EngineConnection;
  readonly #output: Output;
  readonly #style: Style;
  readonly #options: PrinterOptions;
  readonly #names: string[] = [];

  constructor(connection: EngineConnection, output: Output, style: Style, options: PrinterOptions) {
    this.#connection = connection;
    this.#output = output;
    this.#style = style;
    this.#options = options;
  }

  /** What was printed up to now, ordered by the engine's time over all containers. */
  async past(sources: readonly LogSource[]): Promise<void> {
    const lines = sources.map((source) => this.#lines(source, this.#options.tail, false, true));
    for await (const { name, line } of mergeSorted(lines, (value) => timeOf(value.line))) {
      this.#print(name, this.#options.timestamps ? line : line.slice(timeOf(line).length + 1), sources);
    }
  }

  /** Lines as they come, until the containers have ended or the signal aborts. */
  async follow(sources: readonly LogSource[], tail: number | "all"): Promise<void> {
    await Promise.all(
      sources.map(async (source) => {
        const lines = this.#lines(source, tail, true, this.#options.timestamps);
        for await (const { name, line } of lines) this.#print(name, line, sources);
      }),
    );
  }

  async *#lines(
    source: LogSource,
    tail: number | "all",
    follow: boolean,
    timestamps: boolean,
  ): AsyncGenerator<{ name: string; line: string }> {
    const { signal } = this.#options;
    const count = tail === "all" ? {} : { tail };
    for await (const { line } of containerLines(this.#connection, source.id, {
      ...count,
      follow,
      timestamps,
      signal,
    })) {
      yield { name: source.name, line };
    }
  }

  #print(name: string, line: string, sources: readonly LogSource[]): void {
    if (!this.#options.prefix) {
      this.#output.write(`${line}\n`);
      return;
    }
    if (!this.#names.includes(name)) this.#names.push(name);
    const width = Math.max(...sources.map((source) => source.name.length));
    this.#output.write(`${logPrefix(name, this.#names.indexOf(name), width, this.#style)}${line}\n`);
  }
}

/** The engine's time at the beginning of a line; of fixed width, so that texts sort as times. */
function timeOf(line: string): string {
  const space = line.indexOf(" ");
  return space < 0 ? line : line.slice(0, space);
}

import type { CliEvent, Reporter } from "../event.ts";
import type { Output } from "../io.ts";

/** One event a line, as docs/reference/events.md describes them. */
export function jsonReporter(output: Output): Reporter {
  return {
    event: (event: CliEvent) => void output.write(`${JSON.stringify(event)}\n`),
    pause() {},
    resume() {},
    close() {},
  };
}

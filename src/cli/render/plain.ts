import type { CliEvent, Reporter } from "../event.ts";
import type { Output } from "../io.ts";
import { holdOutput, isRoutine } from "./held-output.ts";
import { plural, showMs } from "./quantity.ts";
import { renderReceipt } from "./receipt.ts";
import type { Style } from "./style.ts";
import { indent } from "./table.ts";

/** Milliseconds after which the output of a build that goes on is worth reading. */
const patienceMs = 10_000;

/**
 * One line per event, for pipes and logs: seconds since the command began, then words that stay the same from
 * version to version. What builds, pulls and compose print is left out while it goes well and fast. `now` is
 * milliseconds since the epoch.
 */
export function plainReporter(output: Output, style: Style, now: () => number): Reporter {
  const begun = now();
  const held = holdOutput((text) => void output.write(text), patienceMs);
  return {
    event(event) {
      const text = plainLine(event, style);
      const elapsed = `${((now() - begun) / 1000).toFixed(1)}s`.padStart(8);
      const line = text === null ? "" : `${style.dim(elapsed)}  ${text}\n`;
      if (isRoutine(event)) return held.add(line);
      held.event(event);
      output.write(line);
      if (event.type === "outcome" && event.receipt)
        output.write(indent(renderReceipt(event.receipt, style), 10));
    },
    pause() {},
    resume() {},
    close: held.close,
  };
}

/** The text of one event; null for those that are shown another way. */
export function plainLine(event: CliEvent, style: Style): string | null {
  switch (event.type) {
    case "note":
      return event.message;
    case "waiting":
      return `waiting for deployment ${event.holder.deployment} of ${event.app} by ${event.holder.who} (${event.holder.step})`;
    case "begun": {
      const replaces = event.previous === null ? "first release" : `replaces release ${event.previous}`;
      return `begun ${event.kind} ${event.app} ${event.colour}, ${replaces}, deployment ${event.deployment}`;
    }
    case "release":
      return `release ${event.release}`;
    case "step": {
      const ms = event.ms === null ? "" : ` ${showMs(event.ms)}`;
      const detail = event.detail === null ? "" : ` ${event.detail}`;
      const status = event.status === "failed" ? style.red("failed") : event.status;
      return `step ${event.step} ${status}${ms}${detail}`;
    }
    case "container": {
      const detail = event.detail === null ? "" : ` ${event.detail}`;
      return `container ${event.container} ${event.state}${detail}`;
    }
    case "hook": {
      const code = event.exitCode === null ? "" : ` exit code ${event.exitCode}`;
      const ms = event.ms === null ? "" : ` ${showMs(event.ms)}`;
      return `hook ${event.hook} ${event.status}${code}${ms}`;
    }
    case "log":
      return `${event.source} | ${event.line}`;
    case "switched":
      return `switched generation ${event.generation}, ${plural(event.workers, "worker")}, ${showMs(event.ms)}`;
    case "draining":
      return `draining ${plural(event.requests, "request")}, ${plural(event.connections, "connection")}`;
    case "warning":
      return `${style.yellow("warning")} ${event.message} [${event.code}]`;
    case "containers-needed":
      return `containers of release ${event.release} are made again`;
    case "outcome": {
      const release = event.release === null ? "" : ` release ${event.release}`;
      const word =
        event.outcome === "live" || event.outcome === "unchanged"
          ? style.green(event.outcome)
          : style.red(event.outcome);
      return `outcome ${word}${release}`;
    }
    case "error":
      return null;
  }
}

import { type Step, steps } from "../../model/deployment.ts";
import type { Progress } from "./progress.ts";
import { plural, showAge, showMs } from "./quantity.ts";
import type { Style } from "./style.ts";
import { clip } from "./table.ts";

/**
 * The live lines of a deployment at the time `now` (milliseconds since the epoch); `tick` turns the spinner. Lines
 * are cut to the terminal's width, because a wrapped line can't be redrawn.
 */
export function progressLines(progress: Progress, style: Style, now: number, tick: number): string[] {
  const spinner = style.spinner[tick % style.spinner.length] ?? "";
  if (progress.waiting) {
    const { who, deployment, step, since } = progress.waiting;
    const text = `${progress.app}: waiting for deployment ${deployment} by ${who} (${step}, ${showAge(since, now)})`;
    return [` ${style.cyan(spinner)} ${clip(text, style.width - 4)}`];
  }
  if (progress.app === null) {
    return progress.activity === null ? [] : [activityLine(progress.activity, style)];
  }
  const lines = [title(progress, style)];
  for (const step of steps) lines.push(stepLine(progress, step, style, now, spinner));
  if (progress.activity !== null) lines.push(activityLine(progress.activity, style));
  return lines;
}

function title(progress: Progress, style: Style): string {
  const release = progress.release === null ? "" : `  release ${progress.release}`;
  const colour = progress.colour === null ? "" : ` → ${progress.colour}`;
  const rest = progress.previous === null ? "first release" : `replaces ${progress.previous}`;
  const verb = progress.kind === "rollback" ? "rollback, " : "";
  return `${style.bold(progress.app ?? "")}${release}${colour}  ${style.dim(verb + rest)}`;
}

function stepLine(progress: Progress, name: Step, style: Style, now: number, spinner: string): string {
  const step = progress.steps[name];
  const label = name.padEnd(8);
  if (step.state === "pending") return style.dim(`   ${label}`.trimEnd());
  const ms = step.state === "running" ? Math.max(0, now - step.since) : step.ms;
  const time = (ms === null ? "" : showMs(ms)).padStart(8);
  const sign =
    step.state === "running"
      ? style.cyan(spinner)
      : step.state === "done"
        ? style.green(style.good)
        : style.red(style.bad);
  const detail = clip(stepDetail(progress, name), Math.max(10, style.width - 23));
  return ` ${sign} ${label} ${time}${detail === "" ? "" : `  ${style.dim(detail)}`}`;
}

function stepDetail(progress: Progress, name: Step): string {
  const step = progress.steps[name];
  if (step.detail !== null) return step.detail;
  if (name === "ready") return containers(progress);
  if (name === "drain" && step.state === "running" && progress.draining) {
    const { requests, connections } = progress.draining;
    return `${plural(requests, "request")} and ${plural(connections, "connection")} left`;
  }
  return "";
}

/** One container with its state; of several, how many are ready and how the others stand. */
function containers(progress: Progress): string {
  const all = [...progress.containers].map(([name, { state, detail }]) => ({
    ready: state === "ready",
    text: detail === null ? `${name} ${state}` : `${name} ${state} (${detail})`,
  }));
  if (all.length < 2) return all[0]?.text ?? "";
  const waiting = all.filter((one) => !one.ready).map((one) => one.text);
  return [`${all.length - waiting.length} of ${all.length} ready`, ...waiting].join(", ");
}

function activityLine(activity: string, style: Style): string {
  return `   ${style.dim(clip(activity, style.width - 4))}`;
}

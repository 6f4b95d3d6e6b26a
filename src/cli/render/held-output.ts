import type { ErrorCode } from "../../model/error-catalogue.ts";
import type { CliEvent } from "../event.ts";

/** Whose lines only matter when what they tell of fails or takes long. */
const routineSources = new Set(["build", "pull", "compose"]);

/** Failures that such lines explain. */
const explained = new Set<ErrorCode>([
  "BUILD_FAILED",
  "PULL_FAILED",
  "COMPOSE_FAILED",
  "DISK_FULL",
  "NO_ADDRESS_POOL",
]);

export interface HeldOutput {
  /** Takes a line of routine output that was rendered to `text`; it is printed now, later or never. */
  add(text: string): void;
  /** Tells of every other event: a step that is done drops what is held, a failure that it explains prints it. */
  event(event: CliEvent): void;
  /** Drops what is held. */
  close(): void;
}

export function isRoutine(event: CliEvent): boolean {
  return event.type === "log" && routineSources.has(event.source);
}

/**
 * Holds the output of builds, pulls and compose back for `patienceMs` from its first line in a step. A step that is
 * done sooner drops it. All of it is printed when the step takes longer, and when the deployment ends with an error that
 * it explains.
 */
export function holdOutput(print: (text: string) => void, patienceMs: number): HeldOutput {
  let held: string[] = [];
  let flowing = false;
  let timer: NodeJS.Timeout | undefined;
  const show = () => {
    for (const text of held) print(text);
    held = [];
  };
  const reset = () => {
    clearTimeout(timer);
    timer = undefined;
    held = [];
    flowing = false;
  };
  return {
    add(text) {
      if (flowing) return print(text);
      held.push(text);
      timer ??= setTimeout(() => {
        flowing = true;
        show();
      }, patienceMs).unref();
    },
    event(event) {
      if (event.type === "outcome") {
        if (event.error && explained.has(event.error.code)) show();
        reset();
      }
      if (event.type === "step" && event.status === "done") reset();
      if (event.type === "step" && event.status === "failed") clearTimeout(timer);
    },
    close: reset,
  };
}

import type { CliEvent } from "../event.ts";

/** Whose lines only matter when what they tell of fails or takes long. */
const routineSources = new Set(["build", "pull", "compose"]);

export interface HeldOutput {
  /** Takes a line of routine output that was rendered to `text`; it is printed now, later or never. */
  add(text: string): void;
  /** Tells of every other event: a step that is done drops what is held, a failure prints it. */
  event(event: CliEvent): void;
  close(): void;
}

export function isRoutine(event: CliEvent): boolean {
  return event.type === "log" && routineSources.has(event.source);
}

/**
 * Holds the output of builds, pulls and compose back for `patienceMs` from its first line in a step. A step that is
 * done sooner drops it; from then on, and when the deployment fails, all of it is printed.
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
      if (event.type === "step" && event.status === "failed") show();
      if (event.type === "outcome" && (event.outcome === "refused" || event.outcome === "aborted")) show();
      if ((event.type === "step" && event.status !== "started") || event.type === "outcome") reset();
    },
    close() {
      show();
      reset();
    },
  };
}

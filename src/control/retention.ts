import type { Logger } from "pino";
import { emptyColour } from "../deploy/effects.ts";
import type { Engine } from "../deploy/ports.ts";
import type { ReleaseRecord } from "../deploy/record.ts";
import { otherColour } from "../model/app.ts";
import { label } from "../model/labels.ts";
import type { State } from "./state.ts";

export interface RetentionInput {
  engine: Engine;
  state: State;
  log: Logger;
  /** True while a deployment of the app is under way: its colours are not to be touched. */
  busy: (app: string) => boolean;
}

/** setTimeout's longest delay, in milliseconds. */
const longestTimerMs = 2_147_483_647;

/** Removes retired containers when their rollback window ends, and images of releases beyond those that stay. */
export class Retention {
  readonly #input: RetentionInput;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(input: RetentionInput) {
    this.#input = input;
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** Looks after an app now and at the end of its next window. Call it whenever a release was retired. */
  async sweep(app: string): Promise<void> {
    clearTimeout(this.#timers.get(app));
    this.#timers.delete(app);
    if (this.#input.busy(app)) return;
    try {
      await this.#removeExpired(app);
      await this.#removeImages(app);
    } catch (error) {
      this.#input.log.warn(
        { err: error, app },
        "could not remove what is no longer needed; it is tried again",
      );
    }
  }

  async #removeExpired(app: string): Promise<void> {
    const { state, engine } = this.#input;
    const row = state.app(app);
    if (!row?.colour) return;
    const idle = otherColour(row.colour);
    const standing = await engine.containers({ [label.app]: app, [label.colour]: idle });
    const number = standing[0]?.labels[label.release];
    if (number === undefined) {
      await engine.removeNetworks({ [label.app]: app, [label.colour]: idle });
      return;
    }
    const retired = state.release(app, Number(number));
    const end = retired?.retiredAt
      ? retired.retiredAt + retired.release.settings.rollbackWindowMs
      : Date.now();
    if (end > Date.now()) {
      const timer = setTimeout(() => void this.sweep(app), Math.min(end - Date.now(), longestTimerMs));
      timer.unref();
      this.#timers.set(app, timer);
      return;
    }
    await emptyColour(this.#input.engine, app, idle);
    this.#input.log.info({ app, release: Number(number) }, "rollback window ended: containers removed");
  }

  async #removeImages(app: string): Promise<void> {
    const { state, engine } = this.#input;
    const live = state.app(app)?.live ?? null;
    for (const row of removable(state.releases(app), live)) {
      for (const service of row.release.services) {
        if (await engine.hasImage(service.image.ref)) await engine.removeImage(service.image.ref);
      }
    }
  }
}

/** Releases whose images may go: those that never served, and those that served beyond the newest ones that stay. */
export function removable(releases: ReleaseRecord[], live: number | null): ReleaseRecord[] {
  const keep = releases.find((row) => row.release.number === live)?.release.settings.keepReleases ?? 5;
  const served = releases
    .filter((row) => row.liveAt !== null && row.release.number !== live)
    .sort((a, b) => (b.liveAt ?? 0) - (a.liveAt ?? 0));
  const failed = releases.filter((row) => row.state === "refused" || row.state === "aborted");
  return [...served.slice(Math.max(0, keep - 1)), ...failed];
}

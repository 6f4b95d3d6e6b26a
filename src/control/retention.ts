import type { Logger } from "pino";
import { emptyColour } from "../deploy/effects.ts";
import type { Engine } from "../deploy/ports.ts";
import type { ReleaseRecord } from "../deploy/record.ts";
import { colours, otherColour } from "../model/app.ts";
import type { Outcome } from "../model/deployment.ts";
import { label } from "../model/labels.ts";
import { stopRetired } from "./retired.ts";
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

/** Pause before a failed sweep is done again, in milliseconds. */
const retryMs = 30_000;
/** By when a compose command whose CLI was killed has made what it was making, in milliseconds. */
const lateMs = 10_000;
/** Releases and deployments that history shows of an app. */
const keptRows = 100;

/** Removes retired containers when their rollback window ends, and images of releases beyond those that stay. */
export class Retention {
  readonly #input: RetentionInput;
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; at: number }>();
  readonly #sweeping = new Map<string, Promise<void>>();

  constructor(input: RetentionInput) {
    this.#input = input;
  }

  close(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
  }

  /** Resolves when no sweep of the app is under way. */
  async settled(app: string): Promise<void> {
    await this.#sweeping.get(app);
  }

  /**
   * Looks after an app whose deployment has ended. One that was given up is looked after once more: a compose command
   * that outlives its CLI may still finish a network after control has cleaned up.
   */
  afterDeployment(app: string, outcome: Outcome): void {
    this.sweep(app);
    if (outcome === "aborted" || outcome === "refused") this.#later(app, lateMs);
  }

  /** Looks after an app now and at the end of its next window. Call it whenever a deployment has ended. */
  sweep(app: string): void {
    clearTimeout(this.#timers.get(app)?.timer);
    this.#timers.delete(app);
    if (this.#sweeping.has(app) || this.#input.busy(app)) return;
    const swept = this.#sweep(app).finally(() => this.#sweeping.delete(app));
    this.#sweeping.set(app, swept);
  }

  async #sweep(app: string): Promise<void> {
    const { state, engine, log } = this.#input;
    try {
      const live = state.liveRelease(app);
      if (live === null) {
        for (const colour of colours) await emptyColour(engine, app, colour);
      } else {
        await stopRetired(engine, app, live);
        await this.#removeExpired(app);
      }
      await this.#removeImages(app);
      state.prune(app, keptRows);
    } catch (error) {
      log.warn({ err: error, app }, "could not remove what is no longer needed; it is tried again");
      this.#later(app, retryMs);
    }
  }

  /** Each sweep sets the one after it, so only the earliest is kept. */
  #later(app: string, ms: number): void {
    const known = this.#timers.get(app);
    const at = Date.now() + ms;
    if (known && known.at <= at) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => this.sweep(app), Math.min(ms, longestTimerMs));
    timer.unref();
    this.#timers.set(app, { timer, at });
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
      this.#later(app, end - Date.now());
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

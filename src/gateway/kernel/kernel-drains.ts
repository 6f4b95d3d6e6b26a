import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { DrainRequest } from "../../model/gateway-api.ts";
import type { DrainCount } from "../drain-count.ts";
import { type TrackedConnection, deletions, listArguments, openConnections } from "./entries.ts";
import { type KernelTools, runTool } from "./tools.ts";

/** How often connections are counted; ten times as long as a count takes where that is more. */
const countEveryMs = 250;
/** How long after the deadline connections that can't be closed are waited for. */
const graceMs = 5_000;

export interface KernelDrainsOptions {
  tools: KernelTools;
  /** A directory that may be written to. */
  directory: string;
  log: Pick<Logger, "error" | "warn">;
  /** Takes what changed. */
  report: (counts: DrainCount[]) => void;
}

interface Place {
  address: string;
  port: number;
}

interface Drain {
  readonly target: string;
  readonly place: Place;
  /** `performance.now()` from which connections are closed, and until which all of them are. */
  readonly closeFrom: number;
  readonly closeUntil: number;
  connections: number;
  closedConnections: number;
  ended: boolean;
  timer: NodeJS.Timeout | null;
}

/**
 * The drains of connections that the kernel passes on: counts them in its table of tracked connections, and at the
 * deadline has it forget them. It then takes the next packet of each side for one of an unknown connection, which the
 * new target, or this machine, answers with a reset.
 */
export class KernelDrains {
  readonly #options: KernelDrainsOptions;
  readonly #drains = new Map<string, Drain>();
  #files = 0;

  constructor(options: KernelDrainsOptions) {
    this.#options = options;
  }

  /**
   * Starts what is not under way; deadlines that are set stay as they are.
   *
   * @param placeOf where connections to a target were passed on to; null for one that the kernel passed nothing to
   * @returns the counts of now
   */
  async start(request: DrainRequest, placeOf: (target: string) => Place | null): Promise<DrainCount[]> {
    const counts = await Promise.all(
      request.targets.map(async (target): Promise<DrainCount[]> => {
        const place = placeOf(target);
        let drain = this.#drains.get(target);
        if (drain === undefined && place !== null) {
          drain = newDrain(target, place, request);
          this.#drains.set(target, drain);
          await this.#step(drain);
        }
        return drain === undefined ? [] : [countOf(drain)];
      }),
    );
    return counts.flat();
  }

  /** Ends the drains of targets that are in the table again: their deadlines no longer hold. */
  keep(targets: ReadonlySet<string>): void {
    for (const [target, drain] of this.#drains) if (targets.has(target)) this.#forget(drain);
  }

  stop(): void {
    for (const drain of this.#drains.values()) this.#forget(drain);
  }

  #forget(drain: Drain): void {
    drain.ended = true;
    if (drain.timer !== null) clearTimeout(drain.timer);
    this.#drains.delete(drain.target);
  }

  async #step(drain: Drain): Promise<void> {
    const before = performance.now();
    let failure: unknown = null;
    try {
      await this.#count(drain, before);
    } catch (error) {
      failure = error;
    }
    if (drain.ended) return;
    const now = performance.now();
    const isOver = drain.connections === 0 && failure === null;
    if (!isOver && now > drain.closeUntil + graceMs) this.#giveUp(drain, failure);
    else if (!isOver) {
      const pause = Math.max(countEveryMs, 10 * (now - before));
      const untilClosing = now < drain.closeFrom ? drain.closeFrom - now : pause;
      drain.timer = setTimeout(() => void this.#follow(drain), Math.min(pause, untilClosing));
      return;
    }
    // Only a repeated question needs it from here on: the next drain of this target is a new one.
    this.#forget(drain);
  }

  async #follow(drain: Drain): Promise<void> {
    await this.#step(drain);
    if (this.#drains.get(drain.target) === drain || drain.connections === 0) {
      this.#options.report([countOf(drain)]);
    }
  }

  async #count(drain: Drain, now: number): Promise<void> {
    const { conntrack } = this.#options.tools;
    const standing = openConnections(await runTool(conntrack, listArguments(drain.place)));
    const due = now < drain.closeFrom ? [] : dueOf(standing, drain.closeUntil - now);
    if (due.length > 0) await this.#close(due);
    drain.connections = standing.length - due.length;
    drain.closedConnections += due.length;
  }

  /** By a file, because the program opens its input by name, which can't be done with a socket. */
  async #close(due: TrackedConnection[]): Promise<void> {
    const { tools, directory } = this.#options;
    const path = join(directory, `closing-${process.pid}-${(this.#files += 1)}`);
    try {
      await writeFile(path, deletions(due), { mode: 0o600 });
      await runTool(tools.conntrack, ["--load-file", path]);
    } finally {
      await rm(path, { force: true });
    }
  }

  #giveUp(drain: Drain, err: unknown): void {
    const { target, connections } = drain;
    this.#options.log.error(
      { err, target, connections },
      "connections that the kernel passes on can't be closed: they end with their container",
    );
    drain.connections = 0;
  }
}

/** The part of connections that is to be closed in this step, so that all of them are when the time has passed. */
function dueOf(standing: TrackedConnection[], leftMs: number): TrackedConnection[] {
  const steps = Math.max(1, Math.ceil(leftMs / countEveryMs));
  return standing.slice(0, Math.ceil(standing.length / steps));
}

function newDrain(target: string, place: Place, { connectionsMs, spreadMs }: DrainRequest): Drain {
  const closeFrom = performance.now() + connectionsMs;
  return {
    target,
    place,
    closeFrom,
    closeUntil: closeFrom + spreadMs,
    connections: 0,
    closedConnections: 0,
    ended: false,
    timer: null,
  };
}

function countOf({ target, connections, closedConnections }: Drain): DrainCount {
  return { target, requests: 0, connections, cutRequests: 0, closedConnections };
}

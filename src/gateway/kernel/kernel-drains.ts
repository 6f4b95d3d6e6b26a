import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { DrainRequest } from "../../model/gateway-api.ts";
import type { DrainCount } from "../drain-count.ts";
import { keepDrainsMs } from "../drains.ts";
import { type TrackedConnection, deletions, listArguments, openConnections } from "./entries.ts";
import { type KernelTools, runTool } from "./tools.ts";

/** How often connections are counted; before the deadline only a tenth of the time is spent on it. */
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
  /** Its counts are kept for whoever asks again; nothing is counted any more. */
  over: boolean;
  /** It is followed no longer: the target is in the table again, or the gateway stops. */
  forgotten: boolean;
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
    const now = performance.now();
    for (const drain of this.#drains.values())
      if (drain.over && drain.closeUntil < now - keepDrainsMs) this.#forget(drain);
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
    drain.forgotten = true;
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
      // How many there are is not known then, so there may be one.
      drain.connections = Math.max(1, drain.connections);
    }
    if (drain.forgotten) return;
    const now = performance.now();
    if (drain.connections > 0 && now > drain.closeUntil + graceMs) this.#giveUp(drain, failure);
    drain.over = drain.connections === 0;
    if (drain.over) return;
    const leisure = Math.max(countEveryMs, 10 * (now - before));
    const pause = now < drain.closeFrom ? Math.min(leisure, drain.closeFrom - now) : countEveryMs;
    drain.timer = setTimeout(() => void this.#follow(drain), pause);
  }

  async #follow(drain: Drain): Promise<void> {
    await this.#step(drain);
    if (!drain.forgotten) this.#options.report([countOf(drain)]);
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
    this.#files += 1;
    const path = join(directory, `closing-${process.pid}-${this.#files}`);
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
    over: false,
    forgotten: false,
    timer: null,
  };
}

function countOf({ target, connections, closedConnections }: Drain): DrainCount {
  return { target, requests: 0, connections, cutRequests: 0, closedConnections };
}

import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { CutoverError } from "../../model/error.ts";
import type { TableApplied } from "../../model/gateway-api.ts";
import { type Listener, type RoutingTable, httpListener } from "../../model/route.ts";
import { tryBind } from "../bind.ts";
import { type HttpBinding, ownListeners } from "../routing/table.ts";
import type { KernelSwitch } from "../kernel/kernel-switch.ts";
import type { Health } from "./health.ts";
import { type LeaseBook, limitsOf } from "./leases.ts";
import { createMutex } from "./mutex.ts";
import { type Member, type Pool, workerLost } from "./pool.ts";
import { restoreSnapshot, writeSnapshot } from "./snapshot.ts";

export interface SwitchoverOptions {
  http: HttpBinding;
  snapshot: string;
  /** The table of the snapshot; null when there is none. */
  table: RoutingTable | null;
  leases: LeaseBook;
  health: Health;
  /** Null where the kernel passes nothing on. */
  kernel: KernelSwitch | null;
  log: Logger;
}

/**
 * Holds the table that the workers serve, and replaces it in all of them as one step: once any worker has claimed a
 * target under the new table, none claims under the old one. Limits of targets and probes follow it. One replacement, or start of a worker, at a time.
 */
export class Switchover {
  readonly #options: SwitchoverOptions;
  readonly #inTurn = createMutex();
  #table: RoutingTable | null;
  #serving = false;

  constructor(options: SwitchoverOptions) {
    this.#options = options;
    this.#table = options.table;
  }

  get table(): RoutingTable | null {
    return this.#table;
  }

  /** False while requests are held for control's word. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Brings a new worker to the present state. @throws PORT_TAKEN when the gateway's own port can't be bound */
  init(pool: Pool, member: Member): Promise<void> {
    return this.#inTurn(async () => {
      const { http } = this.#options;
      const listeners: Listener[] = [{ name: httpListener, ...http }];
      if (this.#table) listeners.push(...(await this.#bindable(pool, this.#table, () => true)));
      const answer = pool.ask(member, {
        type: "init",
        http,
        table: this.#table,
        held: !this.#serving,
        down: this.#options.health.down,
        listeners,
      });
      this.#options.leases.joined(member.id);
      const bound = await answer;
      if (bound === null) throw workerLost();
      member.bound = bound;
      member.ready = true;
      member.generation = this.#table?.generation ?? 0;
    });
  }

  /** Serves from the snapshot, if control has not come by now. */
  serveSnapshot(pool: Pool): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#serving || !this.#table) return;
      this.#options.log.warn("control did not confirm the table in time: serving from the snapshot");
      await this.#release(pool);
    });
  }

  /**
   * Replaces the table. The one that is served already, under the same generation, is a confirmation.
   *
   * @throws CutoverError GATEWAY_REFUSED for an older generation, PORT_TAKEN when a listener can't be bound: the
   * table is as it was then
   */
  apply(pool: Pool, table: RoutingTable): Promise<TableApplied> {
    return this.#inTurn(async () => {
      const known = this.#table;
      if (known && table.generation <= known.generation) {
        if (!isDeepStrictEqual(known, table)) throw stale(table, known);
        if (!this.#serving) await this.#release(pool);
        return { generation: table.generation, workers: pool.ready.length, ms: 0 };
      }
      try {
        await this.#prepare(pool, table);
        await this.#options.kernel?.prepare(table);
        await writeSnapshot(this.#options.snapshot, table);
      } catch (error) {
        await this.#abandon(pool);
        throw error;
      }
      this.#table = table;
      this.#options.leases.setLimits(limitsOf(table));
      const wanted = new Set([
        httpListener,
        ...ownListeners(table, this.#options.http).map((own) => own.name),
      ]);
      const from = performance.now();
      await pool.askAll({ type: "hold" });
      await this.#switchKernel(pool, known);
      await pool.askAll({ type: "commit" });
      const ms = performance.now() - from;
      this.#serving = true;
      this.#options.health.follow(table);
      const workers = pool.ready.length;
      for (const member of pool.ready) {
        member.generation = table.generation;
        member.bound = member.bound.filter((name) => wanted.has(name));
      }
      this.#options.log.info(
        { generation: table.generation, workers, ms, routes: table.routes.length },
        "switched",
      );
      return { generation: table.generation, workers, ms };
    });
  }

  async #prepare(pool: Pool, table: RoutingTable): Promise<void> {
    const known = new Set(this.#table?.listeners.map((listener) => listener.name));
    const listeners = await this.#bindable(pool, table, (listener) => known.has(listener.name));
    const outcomes = await Promise.allSettled(
      pool.ready.map(async (member) => {
        const bound = await pool.ask(member, { type: "prepare", table, listeners });
        if (bound) member.bound = bound;
      }),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** While nothing is claimed. When the kernel refuses, all is as it was before: snapshot, workers and its own rules. */
  async #switchKernel(pool: Pool, known: RoutingTable | null): Promise<void> {
    try {
      await this.#options.kernel?.commit();
    } catch (error) {
      await restoreSnapshot(this.#options.snapshot, known);
      this.#table = known;
      if (known) this.#options.leases.setLimits(limitsOf(known));
      await this.#abandon(pool);
      if (this.#serving) await pool.askAll({ type: "commit" });
      throw error;
    }
  }

  async #abandon(pool: Pool): Promise<void> {
    this.#options.kernel?.abandon();
    await Promise.all(
      pool.ready.map(async (member) => {
        const bound = await pool.ask(member, { type: "abandon" });
        if (bound) member.bound = bound;
      }),
    );
  }

  /**
   * The listeners of a table that are bound already or can be. It is tried here first, because a worker that fails
   * to bind leaves a useless shared descriptor behind in node's cluster.
   *
   * @param spare says of a listener that can't be bound whether the table may be served without it
   */
  async #bindable(
    pool: Pool,
    table: RoutingTable,
    spare: (listener: Listener) => boolean,
  ): Promise<Listener[]> {
    const bindable: Listener[] = [];
    for (const listener of ownListeners(table, this.#options.http)) {
      try {
        if (!pool.ready.some((member) => member.bound.includes(listener.name))) await tryBind(listener);
        bindable.push(listener);
      } catch (error) {
        if (!spare(listener)) throw error;
        this.#options.log.error({ err: error, listener: listener.name }, "a listener can't be bound");
      }
    }
    return bindable;
  }

  async #release(pool: Pool): Promise<void> {
    if (this.#table) this.#options.leases.setLimits(limitsOf(this.#table));
    await pool.askAll({ type: "commit" });
    this.#serving = true;
    if (this.#table) this.#options.health.follow(this.#table);
    if (this.#table) await this.#options.kernel?.apply(this.#table);
  }
}

function stale(table: RoutingTable, known: RoutingTable): CutoverError {
  const why =
    table.generation < known.generation
      ? `table ${table.generation} is older than the one in use, ${known.generation}`
      : `another table ${known.generation} is in use`;
  return new CutoverError("GATEWAY_REFUSED", why);
}

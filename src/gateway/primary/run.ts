import cluster from "node:cluster";
import { chmod, mkdir, rm, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { CutoverError } from "../../model/error.ts";
import { type Listener, type RoutingTable, httpListener } from "../../model/route.ts";
import { tryBind } from "../bind.ts";
import { createLog } from "../log.ts";
import type { GatewayOptions } from "../options.ts";
import { Stats } from "../stats.ts";
import { type HttpBinding, isHttpAlias } from "../routing/table.ts";
import { version } from "../version.ts";
import { type Administered, createAdmin } from "./admin.ts";
import { openKernel } from "../kernel/open-kernel.ts";
import { DrainBoard, inKernel } from "./drain-board.ts";
import { Health } from "./health.ts";
import { LeaseBook } from "./leases.ts";
import { Pool } from "./pool.ts";
import { probeAll } from "./probe.ts";
import { loadSnapshot } from "./snapshot.ts";
import { Switchover } from "./switchover.ts";
import { targetsStatus } from "./targets-status.ts";

/** How long control has, after a start, to confirm or replace the snapshot's table. */
const confirmWithinMs = 3_000;
/** How long a port may still be held by an earlier run that is just ending. */
const bindWithinMs = 3_000;
/** How long requests under way may take when the gateway stops; less than the 10 s that an engine gives. */
const stopWithinMs = 9_000;
/** How often shares of targets' limits are moved between workers that wait for them. */
const leasesEveryMs = 100;

/**
 * Hardly anything is allocated for a request, so a small young generation costs no time, and saves what node would
 * let it grow to. In MiB, of which it takes up to three times as much.
 */
const youngGeneration = "--max-semi-space-size=2";

/** Runs the primary: no request passes through it. Resolves when the gateway serves and its API answers. */
export async function runPrimary(options: GatewayOptions, workerProgram: URL): Promise<void> {
  const log = createLog({});
  const startedAt = Date.now();
  const http: HttpBinding = { host: options.bind, port: options.httpPort };
  await mkdir(dirname(options.socket), { recursive: true });
  const table = await readTable(options.snapshot, log);
  const leases = new LeaseBook((worker, orders) => pool.tell(worker, { type: "leases", orders }));
  const health = new Health({
    version,
    changed(target, down, reason) {
      pool.tellAll({ type: "health", target, down });
      kernel?.setDown(target, down);
      if (down) log.warn({ target, reason }, "a target does not answer its probes: it gets no requests");
      else log.info({ target }, "a target gets requests again");
    },
  });
  const { snapshot } = options;
  const board = new DrainBoard();
  const kernel = openKernel(options, {
    log,
    bound: (name) => pool.ready.every((member) => member.bound.includes(name)),
    report: (counts) => board.report(inKernel, counts),
  });
  const switchover = new Switchover({ http, snapshot, table, leases, health, kernel, log });
  const stats = new Stats();

  await freePort(http);
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(workerProgram),
    args: process.argv.slice(2),
    execArgv: [...process.execArgv, youngGeneration],
  });
  const pool: Pool = new Pool({
    size: options.workers,
    log,
    init: (member) => switchover.init(pool, member),
    news(member, message) {
      if (message.type === "drain") board.report(member.id, message.counts);
      if (message.type === "leases") leases.report(member.id, message.reports);
      if (message.type === "log") log[message.level](message.fields, message.message);
      if (message.type === "stats") for (const bucket of message.buckets) stats.add(bucket);
    },
    died(member) {
      board.died(member.id);
      leases.left(member.id);
    },
  });
  await pool.start();
  await kernel?.start(table);

  const gateway: Administered = {
    table: () => switchover.table,
    status: () => ({
      version,
      startedAt,
      generation: switchover.table?.generation ?? 0,
      serving: switchover.serving,
      workers: pool.ready.map(({ pid, generation }) => ({ pid, generation })),
      listeners: listenersOf(switchover.table, http).map((listener) => ({
        ...listener,
        ...(listener.kernel ? { kernel: kernel?.serves(listener.name) ?? false } : {}),
        bound:
          isHttpAlias(listener, http) || pool.ready.every((member) => member.bound.includes(listener.name)),
      })),
    }),
    targets: async () =>
      targetsStatus(switchover.table, await pool.askAll({ type: "targets" }), new Set(health.down)),
    applyTable: async (next) => {
      const applied = await switchover.apply(pool, next);
      board.keep(new Set(next.backends.flatMap((backend) => backend.targets.map((target) => target.id))));
      return applied;
    },
    async checkListeners(listeners) {
      const own = new Set(listenersOf(switchover.table, http).map(placeOf));
      for (const listener of listeners) if (!own.has(placeOf(listener))) await tryBind(listener);
    },
    probe: (request, tell, signal) => probeAll(request, version, tell, signal),
    drain(request, signal) {
      const live = new Set(switchover.table?.backends.flatMap((b) => b.targets.map((target) => target.id)));
      const still = request.targets.find((target) => live.has(target));
      if (still !== undefined) {
        throw new CutoverError("GATEWAY_REFUSED", `target ${still} is still in the routing table`);
      }
      return board.drain(pool, kernel, request, signal);
    },
    async stats(app, fromMs) {
      for (const buckets of await pool.askAll({ type: "stats" }))
        for (const bucket of buckets) stats.add(bucket);
      stats.forget(Date.now());
      return stats.of(app, fromMs);
    },
  };
  const admin = createAdmin(gateway, log);
  await listenOnSocket(admin, options.socket);
  const housekeeping = setInterval(() => stats.forget(Date.now()), 60_000);
  const sharing = setInterval(() => leases.tick(), leasesEveryMs);
  const confirm = setTimeout(() => {
    switchover.serveSnapshot(pool).catch((error: unknown) => log.error({ err: error }, "can't serve"));
  }, confirmWithinMs);
  log.info(
    { version, http, workers: options.workers, generation: table?.generation ?? null },
    "gateway started",
  );

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "gateway stops");
    clearTimeout(confirm);
    clearInterval(housekeeping);
    health.stop();
    kernel?.stop();
    admin.close();
    admin.closeAllConnections();
    void pool.stop(stopWithinMs).then(() => {
      clearInterval(sharing);
      process.exit(0);
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

async function readTable(path: string, log: Logger): Promise<RoutingTable | null> {
  const loaded = await loadSnapshot(path);
  if (loaded.state === "good") return loaded.table;
  if (loaded.state === "damaged") {
    log.error(
      { err: loaded.error, keptAt: loaded.keptAt },
      "the snapshot is damaged: requests wait for control",
    );
  }
  return null;
}

function listenersOf(table: RoutingTable | null, http: HttpBinding): Listener[] {
  return [{ name: httpListener, ...http }, ...(table?.listeners ?? [])];
}

function placeOf(listener: Listener): string {
  return `${listener.host ?? "*"} ${listener.port}`;
}

/** Waits until the gateway's own port can be bound. @throws CutoverError PORT_TAKEN */
async function freePort(http: HttpBinding): Promise<void> {
  const until = performance.now() + bindWithinMs;
  for (;;) {
    try {
      return await tryBind({ name: httpListener, ...http });
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await sleep(50);
  }
}

async function listenOnSocket(server: Server, path: string): Promise<void> {
  const old = await stat(path).catch(() => null);
  if (old?.isSocket()) await rm(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  await chmod(path, 0o660);
}

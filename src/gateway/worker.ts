import cluster from "node:cluster";
import { errorBody } from "../model/error.ts";
import { type Listener, httpListener, type RoutingTable } from "../model/route.ts";
import { WorkerLeases } from "./balance/worker-leases.ts";
import type { Destination } from "./destination.ts";
import { Drains } from "./drains.ts";
import { readErrorPages } from "./edge/error-pages.ts";
import { openLogSink } from "./edge/log-sink.ts";
import { Gate } from "./gate.ts";
import type { Envelope, Notice, Order, WorkerMessage } from "./messages.ts";
import type { GatewayOptions } from "./options.ts";
import { type DataPlane, createDataPlane } from "./proxy/data-plane.ts";
import { createMemory } from "./proxy/memory.ts";
import { RequestStats } from "./request-stats.ts";
import { type CompiledTable, type HttpBinding, compileTable, ownListeners } from "./routing/table.ts";
import { Targets } from "./targets.ts";
import { chooseTransport } from "./transport/choose.ts";
import { createWorkerLog } from "./worker-log.ts";
import { workerTargets } from "./worker-targets.ts";

const statsEveryMs = 1_000;
const leasesEveryMs = 100;
/** The time within which long-lived connections are closed when the gateway stops. */
const stopSpreadMs = 1_000;
/** Pause between two looks for connections that have become long-lived meanwhile. */
const stopLookMs = 250;
const standardOutput = 1;

/** Runs a worker: carries requests, and does what the primary orders. Ends with the connection to the primary. */
export function runWorker(options: GatewayOptions): void {
  // What can't be sent any more is of no use: this process ends with the connection. An error that was told to the log
  // would be sent in its turn, for ever.
  const send = (message: WorkerMessage) =>
    void process.send?.(message, undefined, undefined, () => undefined);
  const log = createWorkerLog(send);
  const targets = new Targets((target) => plane?.left(target), options.workers);
  const drains = new Drains(
    (target) => targets.of(target),
    (counts) => send({ type: "drain", counts }),
  );
  const gate = new Gate();
  const leases = new WorkerLeases((reports) => send({ type: "leases", reports }));
  const stats = new RequestStats();
  let plane: DataPlane | null = null;
  let http: HttpBinding = { host: null, port: 0 };
  let prepared: CompiledTable<Destination> | null = null;

  const compile = (table: RoutingTable) =>
    compileTable(table, http, (backend) => targets.destination(backend, performance.now()));
  const take = (compiled: CompiledTable<Destination>, held: boolean) => {
    gate.hold();
    drains.keep(compiled.targets);
    targets.adopt(compiled);
    leases.adopt(Array.from(compiled.states.values(), (to) => [to, to.queue]));
    gate.open(compiled, held);
    // Who waits in a new queue now asks at once.
    leases.tick();
    const own = ownListeners(compiled.table, http);
    const wanted = new Set([httpListener, ...own.map((listener) => listener.name)]);
    for (const name of plane?.listening() ?? []) if (!wanted.has(name)) plane?.unlisten(name);
    plane?.speak(own);
  };
  const bindAll = async (listeners: Listener[]) => {
    plane ??= await openPlane();
    const before = new Set(plane.listening());
    try {
      for (const listener of listeners) await plane.listen(listener);
    } catch (error) {
      for (const name of plane.listening()) if (!before.has(name)) plane.unlisten(name);
      throw error;
    }
    return plane.listening();
  };
  const openPlane = async () => {
    const { settings } = options;
    const memory = createMemory(settings.maxHeadBytes);
    const { transport, reason } = await chooseTransport(settings.transport, memory.clients);
    if (reason !== null) log.warn({ reason }, "raw handles can't be used: the public API is");
    const pages = await readErrorPages(settings.errorPages, (message) => log.warn({}, message));
    const { write: writeLog } = openLogSink(standardOutput);
    return createDataPlane({
      gate,
      stats,
      log,
      settings,
      workers: options.workers,
      transport,
      memory,
      pages,
      writeLog,
    });
  };
  const abandon = () => {
    prepared = null;
    const kept = gate.compiled ? ownListeners(gate.compiled.table, http).map((own) => own.name) : [];
    for (const name of plane?.listening() ?? []) {
      if (name !== httpListener && !kept.includes(name)) plane?.unlisten(name);
    }
  };

  const obey = async (order: Order): Promise<unknown> => {
    switch (order.type) {
      case "init":
        http = order.http;
        if (order.table) take(compile(order.table), order.held);
        for (const id of order.down) setDown(id, true);
        return bindAll(order.listeners);
      case "prepare": {
        const bound = await bindAll(order.listeners);
        prepared = compile(order.table);
        return bound;
      }
      case "abandon":
        abandon();
        return plane?.listening() ?? [];
      case "hold":
        gate.hold();
        return true;
      case "commit": {
        const next = prepared ?? gate.compiled;
        prepared = null;
        if (next) take(next, false);
        return true;
      }
      case "drain":
        return drains.start(order.request);
      case "stats":
        return stats.take();
      case "targets":
        return workerTargets(targets.all(), gate.compiled, performance.now());
      case "stop":
        stop();
        return true;
    }
  };
  const setDown = (id: string, down: boolean) => {
    for (const target of targets.of(id)) target.down = down;
    gate.wake();
  };
  const hear = (notice: Notice) => {
    if (notice.type === "leases") leases.obey(notice.orders);
    else setDown(notice.target, notice.down);
  };
  const stop = () => {
    const closing = new WeakMap<object, number>();
    const closeLong = () => {
      for (const claim of targets.claims()) {
        const { turn } = claim;
        if (claim.phase !== "long" || closing.get(claim) === turn) continue;
        closing.set(claim, turn);
        setTimeout(() => {
          if (claim.turn === turn) claim.cutter.close();
        }, Math.random() * stopSpreadMs);
      }
    };
    closeLong();
    // A request that was under way may still become a long-lived connection.
    setInterval(closeLong, stopLookMs);
    void (plane?.close() ?? Promise.resolve()).then(() => process.exit(0));
  };

  setInterval(() => {
    const buckets = stats.take();
    if (buckets.length > 0) send({ type: "stats", buckets });
  }, statsEveryMs);
  setInterval(() => leases.tick(), leasesEveryMs);
  process.on("message", (envelope: Envelope) => {
    if (envelope.id === null) {
      hear(envelope.notice);
      return;
    }
    const { id, order } = envelope;
    obey(order).then(
      (value) => send({ type: "reply", id, error: null, value }),
      (error: unknown) => send({ type: "reply", id, error: errorBody(error), value: null }),
    );
  });
  process.on("SIGTERM", () => undefined);
  process.on("SIGINT", () => undefined);
  cluster.worker?.on("error", () => undefined);
}

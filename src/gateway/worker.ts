import cluster from "node:cluster";
import { errorBody } from "../model/error.ts";
import { type Listener, httpListener } from "../model/route.ts";
import { Ledger } from "./claims.ts";
import { Drains } from "./drains.ts";
import { createDataPlane } from "./forward/data-plane.ts";
import { Gate } from "./gate.ts";
import { createLog } from "./log.ts";
import type { Envelope, Order, WorkerMessage } from "./messages.ts";
import { Stats } from "./stats.ts";
import { type CompiledTable, type HttpBinding, compileTable, ownListeners } from "./table.ts";

const statsEveryMs = 1_000;
/** The time within which long-lived connections are closed when the gateway stops. */
const stopSpreadMs = 1_000;

/** Runs a worker: carries requests, and does what the primary orders. Ends with the connection to the primary. */
export function runWorker(): void {
  const log = createLog({ worker: process.pid });
  const send = (message: WorkerMessage) => process.send?.(message);
  const ledger = new Ledger((target) => drains.changed(target));
  const drains = new Drains(ledger, (counts) => send({ type: "drain", counts }));
  const gate = new Gate(ledger);
  const stats = new Stats();
  const plane = createDataPlane({ gate, stats, log });
  let http: HttpBinding = { host: null, port: 0 };
  let prepared: CompiledTable | null = null;

  const take = (compiled: CompiledTable, held: boolean) => {
    drains.keep(compiled.targets);
    plane.retain(compiled.addresses);
    gate.open(compiled, held);
    const wanted = new Set([httpListener, ...ownListeners(compiled.table, http).map((own) => own.name)]);
    for (const name of plane.listening()) if (!wanted.has(name)) plane.unlisten(name);
  };
  const bindAll = async (listeners: Listener[]) => {
    const before = new Set(plane.listening());
    try {
      for (const listener of listeners) await plane.listen(listener);
    } catch (error) {
      for (const name of plane.listening()) if (!before.has(name)) plane.unlisten(name);
      throw error;
    }
    return plane.listening();
  };
  const abandon = () => {
    prepared = null;
    const kept = gate.compiled ? ownListeners(gate.compiled.table, http).map((own) => own.name) : [];
    for (const name of plane.listening()) {
      if (name !== httpListener && !kept.includes(name)) plane.unlisten(name);
    }
  };

  const obey = async (order: Order): Promise<unknown> => {
    switch (order.type) {
      case "init":
        http = order.http;
        if (order.table) take(compileTable(order.table, http), order.held);
        return bindAll(order.listeners);
      case "prepare": {
        const bound = await bindAll(order.listeners);
        prepared = compileTable(order.table, http);
        return bound;
      }
      case "abandon":
        abandon();
        return plane.listening();
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
      case "stop":
        stop();
        return true;
    }
  };
  const stop = () => {
    for (const claim of ledger.all()) {
      if (claim.phase === "long") setTimeout(() => claim.cutter?.close(), Math.random() * stopSpreadMs);
    }
    void plane.close().then(() => process.exit(0));
  };

  setInterval(() => {
    if (!stats.isEmpty) send({ type: "stats", buckets: stats.take() });
  }, statsEveryMs);
  process.on("message", ({ id, order }: Envelope) => {
    obey(order).then(
      (value) => send({ type: "reply", id, error: null, value }),
      (error: unknown) => send({ type: "reply", id, error: errorBody(error), value: null }),
    );
  });
  process.on("SIGTERM", () => undefined);
  process.on("SIGINT", () => undefined);
  cluster.worker?.on("error", (error) => log.warn({ err: error }, "the primary can't be reached"));
}

import { type Server, createServer } from "node:net";
import type { GatewaySettings } from "../../model/gateway-settings.ts";
import type { Listener } from "../../model/route.ts";
import { bind, portTaken } from "../bind.ts";
import type { Destination } from "../destination.ts";
import { AccessLog, type LogWrite } from "../edge/access-log.ts";
import { createTrust } from "../edge/client-identity.ts";
import { ErrorLog } from "../edge/error-log.ts";
import type { ErrorPages } from "../edge/error-pages.ts";
import { ClientFieldsCache } from "../edge/forwarding-fields.ts";
import { createLogMemory } from "../edge/log-memory.ts";
import { targetSegment } from "../edge/log-line.ts";
import { RequestNotes } from "../edge/request-notes.ts";
import { createRequestHead, createResponseHead, type HeadLimits } from "../http1/head.ts";
import type { Gate } from "../gate.ts";
import type { RequestStats } from "../request-stats.ts";
import { protocolOf } from "../routing/table.ts";
import { Streams } from "../stream/streams.ts";
import type { TargetState } from "../target-state.ts";
import type { WorkerLog } from "../worker-log.ts";
import type { Connection, Endpoint, Transport } from "../transport/transport.ts";
import { Arrivals } from "./arrivals.ts";
import { tickMs } from "./due.ts";
import type { Entrance } from "./entrance.ts";
import type { Memory } from "./memory.ts";
import type { Plane } from "./plane.ts";
import { Reporter } from "./reporter.ts";
import { RequestSpool } from "./request-spool.ts";
import { TargetPool } from "./target-pool.ts";

/** What carries bytes between clients and targets in one worker. It knows routes only through the gate. */
export interface DataPlane {
  /** Binds a listener. @throws CutoverError PORT_TAKEN */
  listen(listener: Listener): Promise<void>;
  /** From now on that is spoken on these listeners, where they are bound, which they say. */
  speak(listeners: readonly Listener[]): void;
  /** Stops accepting on it; requests under way finish. */
  unlisten(name: string): void;
  listening(): string[];
  /** The target left the table: idle connections to it are closed. */
  left(target: TargetState): void;
  /** Stops accepting; resolves when what was under way has ended. */
  close(): Promise<void>;
}

export interface DataPlaneOptions {
  gate: Gate;
  stats: RequestStats;
  log: WorkerLog;
  settings: GatewaySettings;
  /** Workers that share the limits of the settings. */
  workers: number;
  transport: Transport;
  memory: Memory;
  pages: ErrorPages;
  writeLog: LogWrite;
}

/** A bound socket, and who uses its connections. */
interface Listening {
  readonly server: Server;
  protocol: NonNullable<Listener["protocol"]>;
  /** Null unless HTTP is spoken on it. */
  entrance: Entrance | null;
  accepted: (connection: Connection) => Endpoint | null;
}

/**
 * What a request as it is sent may have more of than as it came. Those that a trusted proxy names are written once in
 * X-Forwarded-For and once in Forwarded.
 */
const addedFields = 16;
const addedBytes = 8_192;
/** Requests in flight whose log lines need no memory of their own. */
const notes = 8_192;

/** A data plane over a transport. */
export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { gate, stats, settings, transport, memory } = options;
  const headLimits: HeadLimits = {
    line: settings.maxLineBytes,
    fields: settings.maxFields,
    bytes: settings.maxHeadBytes,
  };
  const ownHeadLimits: HeadLimits = {
    line: settings.maxLineBytes + addedBytes,
    fields: settings.maxFields + addedFields,
    bytes: settings.maxHeadBytes * 3 + addedBytes,
  };
  const head = createRequestHead(ownHeadLimits);
  const responseHead = createResponseHead();
  const requestNotes = new RequestNotes(createLogMemory(notes));
  const accessLog = new AccessLog(requestNotes, options.writeLog);
  const pools = new Map<TargetState, TargetPool>();
  const gone = new WeakSet<TargetState>();
  const servers = new Map<string, Listening>();
  const errors = new ErrorLog((reason, fields, leftOut) =>
    options.log.warn({ reason, ...fields, ...(leftOut > 0 ? { leftOut } : {}) }, "a connection failed"),
  );
  const spool = new RequestSpool({
    directory: settings.spool,
    blocks: transport.blocks,
    errors,
    now: () => plane.now,
  });
  spool.clean();
  const plane: Plane = {
    gate,
    transport,
    settings,
    memory,
    headLimits,
    ownHeadLimits,
    head,
    additions: { fields: nothing, localAuthority: nothing, host: null, forwardedHost: null, forwarded: null },
    composed: { end: 0, headEnd: 0, idStart: 0, idEnd: 0 },
    clientFields: new ClientFieldsCache(settings.forwarded),
    trust: createTrust(settings.trustedProxies),
    reporter: new Reporter({
      settings,
      stats,
      notes: requestNotes,
      log: accessLog,
      pages: options.pages,
      head,
    }),
    spool,
    now: Math.floor(performance.now()),
    poolOf(target: TargetState, destination: Destination): TargetPool {
      const known = target.pool as TargetPool | null;
      if (known !== null && known.destination === destination) return known;
      // Connections that began with another PROXY header, or with none, are of no use any more.
      const other = known?.destination?.proxyProtocol !== destination.proxyProtocol;
      if (other) known?.close();
      const pool =
        known === null || other
          ? new TargetPool(target, targetResponseLimits, responseHead, () => plane.now)
          : known;
      const { app, release, service } = destination.backend;
      pool.prepare(destination, targetSegment(app, release, service, target));
      target.pool = pool;
      // What a request still needs of a target that has left is not kept.
      if (gone.has(target)) pool.close();
      else pools.set(target, pool);
      return pool;
    },
  };
  const ticker = setInterval(() => {
    const now = Math.floor(performance.now());
    plane.now = now;
    gate.tick(now);
    for (const pool of pools.values()) pool.sweep();
    arrivals.tick(now);
    streams.tick(now);
    errors.tick(now);
  }, tickMs);
  const clock = setInterval(() => plane.reporter.setClock(), 10_000);
  const arrivals = new Arrivals(plane, errors, options.pages, options.workers);
  const streams = new Streams({
    gate,
    transport,
    settings,
    trust: plane.trust,
    ended(report) {
      arrivals.streamLeft(report.client);
      plane.reporter.stream(report, options.writeLog);
    },
  });
  const unlisten = (name: string) => {
    const listening = servers.get(name);
    if (listening === undefined) return;
    servers.delete(name);
    listening.server.close();
    shut(listening);
  };
  const shut = ({ entrance }: Listening) => {
    if (entrance === null) return;
    entrance.open = false;
    arrivals.clients.closeIdle(entrance);
  };
  /** Who uses the connections of a listener that is spoken on as this one says. */
  const usersOf = (listener: Listener): Pick<Listening, "protocol" | "entrance" | "accepted"> => {
    const protocol = protocolOf(listener);
    if (protocol !== "http") {
      const accepted = streams.accepted({ name: listener.name, protocol }, (address) =>
        arrivals.admitStream(address),
      );
      return { protocol, entrance: null, accepted };
    }
    const entrance: Entrance = { listener, door: gate.door(listener.name), open: true };
    return { protocol, entrance, accepted: (connection) => arrivals.accept(connection, entrance) };
  };
  return {
    async listen(listener) {
      if (servers.has(listener.name)) return;
      const server = createServer();
      try {
        await bind(server, listener);
      } catch (error) {
        throw portTaken(listener, error);
      }
      const listening: Listening = { server, ...usersOf(listener) };
      transport.accept(
        server,
        (connection) => listening.accepted(connection),
        (code) => arrivals.failed(code),
      );
      servers.set(listener.name, listening);
    },
    speak(listeners) {
      for (const listener of listeners) {
        const listening = servers.get(listener.name);
        if (listening === undefined || listening.protocol === protocolOf(listener)) continue;
        shut(listening);
        Object.assign(listening, usersOf(listener));
      }
    },
    unlisten,
    listening: () => [...servers.keys()],
    left(target) {
      pools.get(target)?.close();
      pools.delete(target);
      gone.add(target);
      target.pool = null;
    },
    async close() {
      for (const name of [...servers.keys()]) unlisten(name);
      await Promise.all([arrivals.close(), streams.close()]);
      for (const pool of pools.values()) pool.close();
      clearInterval(ticker);
      clearInterval(clock);
      await accessLog.flush();
    },
  };
}

const nothing = new Uint8Array(0);

/** Room for what targets set. */
const targetResponseLimits: HeadLimits = { line: 8_192, fields: 250, bytes: 65_536 };

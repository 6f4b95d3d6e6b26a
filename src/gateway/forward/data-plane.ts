import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import type { Listener } from "../../model/route.ts";
import { bind, closed, portTaken } from "../bind.ts";
import type { Gate } from "../gate.ts";
import type { Stats } from "../stats.ts";
import type { Logger } from "pino";
import { rawErrorAnswer } from "./error-page.ts";
import { exchange } from "./exchange.ts";
import type { Plane } from "./plane.ts";
import { createUpstreams } from "./upstream.ts";
import { isAnswering, isUpgrade, upgrade } from "./upgrade.ts";

/** What carries bytes between clients and targets in one worker. It knows routes only through the gate. */
export interface DataPlane {
  /** Binds a listener. @throws CutoverError PORT_TAKEN */
  listen(listener: Listener): Promise<void>;
  /** Stops accepting on it; requests under way finish. */
  unlisten(name: string): void;
  listening(): string[];
  /** Closes idle connections to targets at other addresses (`address:port`). */
  retain(addresses: ReadonlySet<string>): void;
  /** Stops accepting; resolves when what was under way has ended. */
  close(): Promise<void>;
}

export interface DataPlaneOptions {
  gate: Gate;
  stats: Stats;
  log: Logger;
}

/** Larger than the 16 KiB that are promised, so that they are not cut by the request line. */
const maxHeaderSize = 32 * 1024;

/** A data plane over node's own HTTP/1.1. */
export function createDataPlane({ gate, stats, log }: DataPlaneOptions): DataPlane {
  const plane: Plane = { gate, stats, log, upstreams: createUpstreams(), closing: false };
  const servers = new Map<string, Server>();
  const unlisten = (name: string) => {
    const server = servers.get(name);
    servers.delete(name);
    return server ? closed(server) : Promise.resolve();
  };
  return {
    async listen(listener) {
      if (servers.has(listener.name)) return;
      const server = createListener(plane, listener.name);
      try {
        await bind(server, listener);
      } catch (error) {
        throw portTaken(listener, error);
      }
      servers.set(listener.name, server);
    },
    unlisten: (name) => void unlisten(name),
    listening: () => [...servers.keys()],
    retain: (addresses) => plane.upstreams.retain(addresses),
    async close() {
      plane.closing = true;
      const open = [...servers.values()];
      const idle = setInterval(() => {
        for (const server of open) server.closeIdleConnections();
      }, 100);
      await Promise.all([...servers.keys()].map(unlisten));
      clearInterval(idle);
      plane.upstreams.close();
    },
  };
}

function createListener(plane: Plane, name: string): Server {
  const server = createServer({
    maxHeaderSize,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    keepAliveTimeout: 65_000,
    headersTimeout: 30_000,
    requestTimeout: 0,
    connectionsCheckingInterval: 5_000,
    shouldUpgradeCallback: isUpgrade,
  });
  server.maxHeadersCount = 0;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    exchange(plane, name, request, response, false);
  });
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    exchange(plane, name, request, response, true);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrade(plane, name, request, socket, head);
  });
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    socket.on("error", () => socket.destroy());
    if (isAnswering(socket)) socket.destroy();
    else socket.end(rawErrorAnswer(405), () => socket.destroy());
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  return server;
}

/** Answers what node's parser refuses; a connection with a response under way is only closed. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  socket.end(rawErrorAnswer(status), () => socket.destroy());
}

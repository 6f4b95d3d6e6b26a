import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import type { DrainRequest } from "../../src/model/gateway-api.ts";
import { type RoutingTable, type Target, backendId } from "../../src/model/route.ts";

/** An HTTP server on loopback in a container's place. */
export interface TestTarget extends AsyncDisposable {
  target: Target;
  server: Server;
  /** Requests whose head arrived. */
  seen: IncomingMessage[];
  sockets: Set<Socket>;
  stop(): Promise<void>;
}

let made = 0;

export async function startTarget(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<TestTarget> {
  const seen: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    seen.push(request);
    serve(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  made += 1;
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  };
  return {
    target: { id: `target-${made}`, address: "127.0.0.1", port: (server.address() as AddressInfo).port },
    server,
    seen,
    sockets,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A table with one catch-all route of the app `shop`. */
export function tableOf(generation: number, release: number, targets: Target[]): RoutingTable {
  const backend = backendId("shop", "web", release);
  return {
    generation,
    listeners: [],
    routes: [
      { id: "shop/web/http/0", app: "shop", listener: "http", hosts: [], path: "/", priority: 0, backend },
    ],
    backends: [{ id: backend, app: "shop", service: "web", release, targets }],
  };
}

export function drainOf(target: TestTarget, deadlines: Partial<DrainRequest> = {}): DrainRequest {
  return {
    targets: [target.target.id],
    requestsMs: 30_000,
    connectionsMs: 60_000,
    spreadMs: 0,
    ...deadlines,
  };
}

/** A bare connection, for what no HTTP client would send or show. */
export interface RawClient extends Disposable {
  socket: Socket;
  send(text: string): void;
  /** What has come, once it satisfies the predicate. Rejects when the connection closes before. */
  until(predicate: (text: string) => boolean): Promise<string>;
  /** All that came until the connection's end. */
  closed: Promise<string>;
  /** Set when the end was a reset. */
  reset(): boolean;
  forget(): void;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  let wasReset = false;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    changed();
  });
  socket.on("error", () => {
    wasReset = true;
  });
  const closed = new Promise<string>((resolve) => {
    socket.once("end", () => resolve(text));
    socket.once("close", () => resolve(text));
  });
  await once(socket, "connect");
  return {
    socket,
    closed,
    send: (part) => void socket.write(part, "latin1"),
    until: (predicate) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!predicate(text)) return;
          watchers.delete(look);
          resolve(text);
        };
        watchers.add(look);
        void closed.then(() => reject(new Error(`closed after: ${text}`)));
        look();
      }),
    reset: () => wasReset,
    forget() {
      text = "";
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { turn } from "../../contract/gateway/transport-setting.ts";
import { Gate } from "../../../src/gateway/gate.ts";
import type { Destination } from "../../../src/gateway/destination.ts";
import { compileTable } from "../../../src/gateway/routing/table.ts";
import { Streams } from "../../../src/gateway/stream/streams.ts";
import { type StreamReport, streamFields } from "../../../src/gateway/stream/stream-report.ts";
import type { TargetState } from "../../../src/gateway/target-state.ts";
import { Targets } from "../../../src/gateway/targets.ts";
import type { Transport } from "../../../src/gateway/transport/transport.ts";
import type { BackendPolicy, RoutingTable } from "../../../src/model/route.ts";

export interface BackendParts {
  names?: string[];
  ports: number[];
  policy?: BackendPolicy;
}

export interface StreamSettings {
  protocol?: "tcp" | "tls";
  headerMs?: number;
  tunnelMs?: number;
  proxyProtocol?: boolean;
  trusts?: boolean;
}

/** A worker's streams over a transport, with a gate of its own. */
export class StreamSetting implements AsyncDisposable {
  readonly reports: StreamReport[] = [];
  readonly gate = new Gate();
  readonly targets = new Targets(() => undefined);
  readonly streams: Streams;
  readonly transport: Transport;
  readonly server: Server = createServer();
  readonly #protocol: "tcp" | "tls";
  readonly #sockets: Socket[] = [];
  readonly #waiting: (() => void)[] = [];
  #generation = 0;
  port = 0;

  constructor(transport: Transport, settings: StreamSettings) {
    this.transport = transport;
    this.#protocol = settings.protocol ?? "tcp";
    this.streams = new Streams({
      gate: this.gate,
      transport,
      settings: {
        headerMs: settings.headerMs ?? 15_000,
        tunnelMs: settings.tunnelMs ?? 0,
        proxyProtocol: settings.proxyProtocol ?? false,
      },
      trust: () => settings.trusts ?? false,
      ended: (report) => {
        this.reports.push(report);
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
    });
  }

  static async make(transport: Transport, settings: StreamSettings = {}): Promise<StreamSetting> {
    const made = new StreamSetting(transport, settings);
    made.server.listen(0, "127.0.0.1");
    await once(made.server, "listening");
    made.port = (made.server.address() as AddressInfo).port;
    transport.accept(made.server, made.streams.accepted({ name: "own", protocol: made.#protocol }));
    return made;
  }

  /** Gives the gate a table. */
  serve(backends: BackendParts[], held = false): void {
    this.#generation += 1;
    const release = this.#generation;
    const table: RoutingTable = {
      generation: release,
      listeners: [{ name: "own", host: "127.0.0.1", port: this.port, protocol: this.#protocol }],
      routes: [],
      streams: backends.map(({ names = [] }, index) => ({
        id: `app/${index}`,
        app: "app",
        listener: "own",
        serverNames: names,
        backend: `app/s${index}@${release}`,
      })),
      backends: backends.map(({ ports, policy }, index) => ({
        id: `app/s${index}@${release}`,
        app: "app",
        service: `s${index}`,
        release,
        targets: ports.map((port) => ({ id: `t${port}`, address: "127.0.0.1", port })),
        ...(policy ? { policy } : {}),
      })),
    };
    const compiled = compileTable<Destination>(table, { host: null, port: 1 }, (backend) =>
      this.targets.destination(backend, performance.now()),
    );
    this.targets.adopt(compiled);
    this.gate.open(compiled, held);
  }

  /** A client that is about to connect. */
  dial(): Socket {
    const socket = connect({ port: this.port, host: "127.0.0.1", allowHalfOpen: true });
    this.keep(socket);
    return socket;
  }

  /** A client that is connected. */
  async client(): Promise<Socket> {
    const socket = this.dial();
    await once(socket, "connect");
    return socket;
  }

  keep(socket: Socket): void {
    socket.on("error", () => undefined);
    this.#sockets.push(socket);
  }

  /** The log's fields of the stream that ended as the n-th, once it has. */
  async report(n = 1): Promise<Record<string, unknown>> {
    while (this.reports.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return streamFields(this.reports[n - 1] as StreamReport);
  }

  state(port: number): TargetState {
    const [state] = this.targets.of(`t${port}`);
    if (!state) throw new Error(`no target at ${port}`);
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    for (const claim of this.targets.claims()) claim.cutter.close();
    await this.streams.close();
    while (this.transport.blocks.used > 0) await turn();
    if (this.targets.claims().length > 0) throw new Error("claims are not released");
    if (this.gate.waiting > 0) throw new Error("the gate still holds streams");
  }
}

/** A server in a container's place. */
export class StreamTarget implements AsyncDisposable {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  readonly #waiting: ((socket: Socket) => void)[] = [];
  readonly #serve: (socket: Socket) => void;

  constructor(serve: (socket: Socket) => void) {
    this.#serve = serve;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.#came(socket));
  }

  static async start(serve: (socket: Socket) => void = () => undefined): Promise<StreamTarget> {
    const target = new StreamTarget(serve);
    target.server.listen(0, "127.0.0.1");
    await once(target.server, "listening");
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The next connection that comes. */
  socket(): Promise<Socket> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #came(socket: Socket): void {
    socket.on("error", () => undefined);
    this.sockets.push(socket);
    this.#serve(socket);
    this.#waiting.shift()?.(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** A port of this machine on which nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Reads to the end; the error's code when it breaks. */
export async function readAll(socket: Socket): Promise<{ bytes: Buffer; error: string | null }> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  const error = await new Promise<string | null>((resolve) => {
    socket.once("end", () => resolve(null));
    socket.once("error", (failure: NodeJS.ErrnoException) => resolve(failure.code ?? failure.message));
    socket.once("close", () => resolve("closed"));
  });
  return { bytes: Buffer.concat(pieces), error };
}

/** Resolves when so many bytes have come. */
export function read(socket: Socket, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const take = (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length < size) return;
      socket.off("data", take);
      resolve(Buffer.concat(pieces));
    };
    socket.on("data", take);
    socket.once("close", () => reject(new Error(`closed after ${length} of ${size} bytes`)));
  });
}

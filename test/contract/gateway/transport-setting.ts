import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Block, createArena } from "../../../src/gateway/transport/block.ts";
import { createNetTransport } from "../../../src/gateway/transport/net.ts";
import { createRawTransport } from "../../../src/gateway/transport/raw.ts";
import type { ReadBlocks } from "../../../src/gateway/transport/read-blocks.ts";
import type { Connection, Transport } from "../../../src/gateway/transport/transport.ts";
import { Recorder } from "./recorder.ts";

/** Both transports, the raw one with the shared block in the middle of other memory. */
export const transports: [string, (blocks?: ReadBlocks) => Transport][] = [
  ["raw", (blocks) => createRawTransport(blocks, new Block(131_072, null, createArena(400_000), 100_000))],
  ["net", (blocks) => createNetTransport(blocks)],
];

export interface Side {
  connection: Connection;
  recorder: Recorder;
}

export interface Pair {
  outgoing: Side;
  accepted: Side;
}

/** A transport that listens, with what a test needs around it; all is closed at the end of the test. */
export class Setting implements AsyncDisposable {
  readonly transport: Transport;
  readonly server: Server = createServer();
  readonly #sides: Side[] = [];
  readonly #sockets: Socket[] = [];
  readonly #servers: Server[] = [];
  readonly #arrived: Side[] = [];
  readonly #waiting: { isWanted: (side: Side) => boolean; resolve: (side: Side) => void }[] = [];
  port = 0;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  static async make(transport: Transport, host = "127.0.0.1"): Promise<Setting> {
    const setting = new Setting(transport);
    setting.port = await setting.#listen(setting.server, host);
    transport.accept(setting.server, (connection) => {
      const side = setting.#add({ connection, recorder: new Recorder() });
      setting.#arrived.push(side);
      const index = setting.#waiting.findIndex(({ isWanted }) => isWanted(side));
      if (index >= 0) for (const { resolve } of setting.#waiting.splice(index, 1)) resolve(side);
      return side.recorder;
    });
    return setting;
  }

  /** Both ends of a connection, both on the transport. */
  async pair(host = "127.0.0.1"): Promise<Pair> {
    const outgoing = this.connect(this.port, new Recorder(), host);
    await outgoing.recorder.told("connected");
    return { outgoing, accepted: await this.from(outgoing.connection.localPort()) };
  }

  /** The next connection that is accepted. */
  accepted(): Promise<Side> {
    return new Promise((resolve) => this.#waiting.push({ isWanted: () => true, resolve }));
  }

  /** The connection from a port of this machine. */
  from(port: number): Promise<Side> {
    const isWanted = ({ connection }: Side) => !connection.closed && connection.remotePort() === port;
    const there = this.#arrived.find(isWanted);
    if (there) return Promise.resolve(there);
    return new Promise((resolve) => this.#waiting.push({ isWanted, resolve }));
  }

  /** An outgoing connection of the transport. */
  connect(port: number, recorder = new Recorder(), host = "127.0.0.1"): Side {
    return this.#add({ connection: this.transport.connect(host, port, recorder), recorder });
  }

  /** An ordinary socket that is connected to the transport, and the connection that the transport has. */
  async outsider(): Promise<{ socket: Socket; accepted: Side }> {
    const socket = connect({ port: this.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined);
    this.#sockets.push(socket);
    await once(socket, "connect");
    return { socket, accepted: await this.from(socket.localPort ?? 0) };
  }

  /** A connection of the transport to an ordinary server, and the socket there. */
  async target(): Promise<{ socket: Socket; outgoing: Side }> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#servers.push(server);
    const port = await this.#listen(server, "127.0.0.1");
    const arrived = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const outgoing = this.connect(port);
    const socket = await arrived;
    socket.on("error", () => undefined);
    this.#sockets.push(socket);
    await outgoing.recorder.told("connected");
    return { socket, outgoing };
  }

  #add(side: Side): Side {
    this.#sides.push(side);
    return side;
  }

  #listen(server: Server, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: 0 }, () => resolve((server.address() as AddressInfo).port));
    });
  }

  /** Closes all connections; the blocks are given back when it resolves. */
  async closeAll(): Promise<void> {
    for (const { connection } of this.#sides) connection.close();
    for (const socket of this.#sockets) socket.destroy();
    while (this.#sides.some(({ connection }) => connection.queued > 0) || this.transport.blocks.used > 0)
      await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll();
    for (const server of [this.server, ...this.#servers]) server.close();
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns of the event loop, and the whole way through the kernel and back: what is under way has happened then. */
export async function settle(setting: Setting): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { socket, accepted } = await setting.outsider();
    const received = accepted.recorder.until(() => accepted.recorder.size > 0);
    socket.write("x");
    await received;
    accepted.connection.close();
    socket.destroy();
    await turn();
  }
}

/** More than the kernel takes at once. */
export const big = Buffer.alloc(24 * 1_048_576, "0123456789abcdef~");

/** Both sides of a pair in both roles: who sends, and who gets it. */
export function both(pair: Pair): [Side, Side][] {
  return [
    [pair.outgoing, pair.accepted],
    [pair.accepted, pair.outgoing],
  ];
}

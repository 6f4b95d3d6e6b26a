import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import type { Block } from "../../../src/gateway/transport/block.ts";
import { ReadBlocks } from "../../../src/gateway/transport/read-blocks.ts";
import {
  type Connection,
  type Endpoint,
  type Transport,
  Written,
} from "../../../src/gateway/transport/transport.ts";
import { sha1 } from "./recorder.ts";
import { Setting, transports, turn } from "./transport-setting.ts";

const megabyte = 1_048_576;

describe.each(transports)("the %s transport between others", (_name, make) => {
  it.each([
    ["enough blocks", undefined],
    ["few blocks", 3],
  ])("keeps every byte for slow readers, with %s", async (_what, limit) => {
    const transport = make(limit === undefined ? undefined : new ReadBlocks(limit));
    await using relay = await Relay.make(transport);
    const size = 6 * megabyte;
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const [up, down] = [
          randomFillSync(Buffer.allocUnsafe(size)),
          randomFillSync(Buffer.allocUnsafe(size)),
        ];
        const client = connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true });
        const target = await relay.targetOf(client);
        // Some of both kinds are fast, so that blocks change hands between the two.
        const readers = [read(target, index % 2 === 0), read(client, index % 3 === 0)];
        client.end(up);
        target.end(down);
        expect(await Promise.all(readers)).toEqual([sha1(up), sha1(down)]);
      }),
    );
    await relay.allClosed();
    expect(transport.blocks.used).toBe(0);
  });

  it("holds little for a reader that does not read", async () => {
    const transport = make();
    await using relay = await Relay.make(transport);
    const client = connect({ port: relay.port, host: "127.0.0.1" });
    const target = await relay.targetOf(client);
    client.pause();
    const piece = Buffer.alloc(megabyte, "x");
    let sent = 0;
    const push = () => {
      while (target.write(piece)) sent += piece.length;
      sent += piece.length;
    };
    target.on("drain", push);
    push();
    // The buffers of the kernel are full when nothing has moved for many turns.
    for (let still = 0, before = -1; still < 300; still = sent === before ? still + 1 : 0) {
      before = sent;
      await turn();
    }
    expect(sent).toBeLessThan(64 * megabyte);
    expect(transport.blocks.used).toBeLessThanOrEqual(3);
    client.destroy();
    target.destroy();
    await relay.allClosed();
    expect(transport.blocks.used).toBe(0);
  });

  it("opens and closes thousands of connections, and keeps no block", async () => {
    const transport = make();
    await using it = await Setting.make(transport);
    for (let round = 0; round < 30; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const { outgoing, accepted } = await it.pair();
          accepted.recorder.onReceived = (block, start, end) => {
            accepted.connection.write(block, start, end);
          };
          const [a, b] = index % 2 === 0 ? [outgoing, accepted] : [accepted, outgoing];
          const block = transport.blocks.take();
          outgoing.connection.write(block, 4_096, 4_096 + (index % 7 === 0 ? 100_000 : 100));
          block.pool?.give(block);
          if (index % 5 !== 0) await outgoing.recorder.told("received");
          if (index % 3 === 0) a.connection.reset();
          else if (index % 3 === 1) a.connection.end();
          else a.connection.close();
          await b.recorder.over();
          a.connection.close();
          b.connection.close();
        }),
      );
      while (transport.blocks.used > 0) await turn();
    }
    expect(transport.blocks.large.made).toBeLessThanOrEqual(64);
    expect(transport.blocks.small.made).toBeLessThanOrEqual(256);
  });

  it.runIf(process.platform === "linux")("probes both ends of a silent connection after 30 s", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    await using it = await Setting.make(make());
    const { outgoing, accepted } = await it.pair();
    // What ends sooner is spared the system calls.
    vi.advanceTimersByTime(5_000);
    vi.useRealTimers();
    // A connection without unacknowledged bytes has no other timer than that of the probes: number 2.
    const ports = [outgoing.connection.localPort(), accepted.connection.localPort()];
    for (const [local, remote] of [ports, [...ports].reverse()]) {
      const timer = await timerOf(local as number, remote as number);
      expect(timer.kind).toBe(2);
      expect(timer.seconds).toBeGreaterThan(25);
      expect(timer.seconds).toBeLessThanOrEqual(30);
    }
  });
});

/** The timer that the kernel has for a connection over IPv4 (`tr` and `tm->when` of /proc/net/tcp). */
async function timerOf(local: number, remote: number): Promise<{ kind: number; seconds: number }> {
  const port = (value: string | undefined) => Number.parseInt(value?.split(":")[1] ?? "", 16);
  for (const line of (await readFile("/proc/net/tcp", "utf8")).split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (port(columns[1]) !== local || port(columns[2]) !== remote) continue;
    const [kind, ticks] = (columns[5] ?? "").split(":").map((field) => Number.parseInt(field, 16));
    return { kind: kind ?? -1, seconds: (ticks ?? -1) / 100 };
  }
  throw new Error(`no connection from ${local} to ${remote}`);
}

/** Reads to the end; a slow reader takes small pieces and lets others go first. @returns the hash */
async function read(socket: Socket, slow: boolean): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    pieces.push(piece as Buffer);
    if (slow) for (let i = 0; i < 5; i++) await turn();
  }
  return sha1(Buffer.concat(pieces));
}

/** Connects what is accepted with a target, as a proxy of streams does. */
class Relay implements AsyncDisposable {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #target: ReturnType<typeof createServer>;
  readonly #ends: Set<End>;
  readonly #sockets: Set<Socket>;

  constructor(parts: {
    server: ReturnType<typeof createServer>;
    target: ReturnType<typeof createServer>;
    ends: Set<End>;
    sockets: Set<Socket>;
  }) {
    this.#server = parts.server;
    this.#target = parts.target;
    this.#ends = parts.ends;
    this.#sockets = parts.sockets;
    this.port = (parts.server.address() as AddressInfo).port;
  }

  static async make(transport: Transport): Promise<Relay> {
    const target = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
    const server = createServer().listen(0, "127.0.0.1");
    await Promise.all([once(target, "listening"), once(server, "listening")]);
    const { port } = target.address() as AddressInfo;
    const ends = new Set<End>();
    transport.accept(server, (connection) => {
      const one = new End(connection, ends);
      connection.pause();
      const other = new End(null, ends);
      other.connection = transport.connect("127.0.0.1", port, other);
      one.join(other);
      return one;
    });
    return new Relay({ server, target, ends, sockets: new Set() });
  }

  /** The socket at the target that belongs to a client; clients are told apart by their first four bytes. */
  async targetOf(client: Socket): Promise<Socket> {
    this.#sockets.add(client);
    client.on("error", () => undefined);
    await once(client, "connect");
    const id = Buffer.alloc(4);
    id.writeUInt32BE(client.localPort ?? 0);
    client.write(id);
    return new Promise((resolve) => {
      const arrived = (socket: Socket) => {
        socket.on("error", () => undefined);
        const look = () => {
          const head: Buffer | null = socket.read(4);
          if (head === null) return;
          if (head.equals(id)) {
            this.#sockets.add(socket);
            socket.off("readable", look);
            this.#target.off("connection", arrived);
            resolve(socket);
          } else {
            socket.unshift(head);
            socket.off("readable", look);
          }
        };
        socket.on("readable", look);
      };
      this.#target.on("connection", arrived);
    });
  }

  async allClosed(): Promise<void> {
    while (
      [...this.#ends].some(
        ({ connection }) => connection === null || !connection.closed || connection.queued > 0,
      )
    )
      await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#target.close();
    await this.allClosed();
  }
}

/** One end of a relayed connection. */
class End implements Endpoint {
  connection: Connection | null;
  #other: End | null = null;
  #over = false;

  constructor(connection: Connection | null, ends: Set<End>) {
    this.connection = connection;
    ends.add(this);
  }

  join(other: End): void {
    this.#other = other;
    other.#other = this;
  }

  connected(): void {
    this.#other?.connection?.resume();
  }

  received(block: Block, start: number, end: number): void {
    const written = this.#other?.connection?.write(block, start, end);
    if (written === Written.queued) this.connection?.pause();
    else if (written === Written.refused) this.failed();
  }

  ended(): void {
    this.#over = true;
    this.#other?.connection?.end();
    this.#closeWhenOver();
  }

  drained(): void {
    this.#other?.connection?.resume();
    this.#closeWhenOver();
  }

  refused(): void {
    this.failed();
  }

  failed(): void {
    this.connection?.close();
    this.#other?.connection?.close();
  }

  #closeWhenOver(): void {
    const other = this.#other;
    if (!this.#over || other === null || !other.#over) return;
    for (const end of [this, other]) {
      if (end.connection?.queued === 0) end.connection.close();
    }
  }
}

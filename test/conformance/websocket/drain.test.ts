import { once } from "node:events";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import type { DrainEvent, DrainRequest } from "../../../src/model/gateway-api.ts";
import { type Bench, startBench } from "../../support/conformance.ts";
import { startGateway } from "../../support/gateway.ts";
import { tableOf } from "../../support/gateway-target.ts";
import type { RawConnection } from "../../support/raw-client.ts";
import { rule } from "../../support/rule.ts";
import type { Exchange } from "../../support/scripted-target.ts";
import { python, startPython, startWs } from "./servers.ts";

/** A frame of the server (not masked) or of the client. */
function frame(opcode: number, payload: string, options: { fin?: boolean; mask?: boolean } = {}): Buffer {
  const { fin = true, mask = false } = options;
  const body = Buffer.from(payload, "latin1");
  const length = Buffer.alloc(body.length < 126 ? 1 : 3);
  if (body.length < 126) length[0] = body.length;
  else {
    length[0] = 126;
    length.writeUInt16BE(body.length, 1);
  }
  length[0] = (length[0] ?? 0) | (mask ? 0x80 : 0);
  const key = mask ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
  const masked = mask ? body.map((byte, index) => byte ^ (key[index % 4] ?? 0)) : body;
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), length, key, masked]);
}

/** The code of a Close frame, which has to be masked when it goes to a server. */
async function closeCode(reader: RawConnection["reader"], masked: boolean): Promise<number> {
  const head = await reader.exactly(2);
  expect([head[0], (head[1] ?? 0) & 0x80]).toEqual([0x88, masked ? 0x80 : 0]);
  const key = masked ? await reader.exactly(4) : Buffer.alloc(4);
  const body = await reader.exactly((head[1] ?? 0) & 0x7f);
  return Buffer.from(body.map((byte, index) => byte ^ (key[index % 4] ?? 0))).readUInt16BE(0);
}

const goingAwayOrRestart = [1001, 1012];

describe("frame by frame", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  let generation = 1;

  /** A WebSocket between a raw client and the scripted target, and a drain that is due at once. */
  async function opened() {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bench.on("/socket", async (exchange) => {
      await exchange.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
      );
      await held;
    });
    generation += 1;
    await bench.gateway.put(tableOf(generation, generation, [bench.target.target]));
    const arrival = bench.target.arrival("/socket");
    const client = await bench.open();
    const response = await client.exchange(
      "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    expect(response.status).toBe(101);
    const target: Exchange = await arrival;
    return { client, target, release };
  }

  async function drain(deadlines: Partial<DrainRequest> = {}) {
    generation += 1;
    await bench.gateway.put(tableOf(generation, generation, []));
    const events = bench.gateway.follow<DrainEvent>("/v1/drain", {
      targets: [bench.target.target.id],
      requestsMs: 30_000,
      connectionsMs: 1,
      spreadMs: 0,
      ...deadlines,
    });
    expect((await events.next()).value).toMatchObject({ type: "progress", connections: 1 });
    return async () => {
      let last: DrainEvent | undefined;
      for await (const event of events) last = event;
      return last;
    };
  }

  rule(
    "RFC 6455 §5.4: in the middle of a message in fragments the Close stands between two of them",
    async () => {
      const { client, target, release } = await opened();
      const first = frame(1, "begin", { fin: false });
      await target.write(first);
      expect((await client.reader.exactly(first.length)).equals(first)).toBe(true);
      const done = await drain();
      expect(goingAwayOrRestart).toContain(await closeCode(client.reader, false));
      expect(goingAwayOrRestart).toContain(await closeCode(target.reader, true));
      await client.send(frame(8, "\x03\xf4", { mask: true }));
      expect(await client.ended()).toMatchObject({ rest: "" });
      expect(await done()).toMatchObject({ closedConnections: 1, cutRequests: 0 });
      release();
    },
  );

  rule("RFC 6455 §5.5.1: in the middle of a frame the Close waits for its end, on either side", async () => {
    const { client, target, release } = await opened();
    const down = frame(2, "x".repeat(5_000));
    const up = frame(2, "y".repeat(5_000), { mask: true });
    await target.write(down.subarray(0, 1_000));
    await client.send(up.subarray(0, 1_000));
    await client.reader.exactly(1_000);
    await target.reader.exactly(1_000);
    const done = await drain();
    await target.write(down.subarray(1_000));
    await client.send(up.subarray(1_000));
    expect((await client.reader.exactly(down.length - 1_000)).equals(down.subarray(1_000))).toBe(true);
    expect((await target.reader.exactly(up.length - 1_000)).equals(up.subarray(1_000))).toBe(true);
    expect(goingAwayOrRestart).toContain(await closeCode(client.reader, false));
    expect(goingAwayOrRestart).toContain(await closeCode(target.reader, true));
    await client.send(frame(8, "\x03\xf4", { mask: true }));
    expect(await client.ended()).toMatchObject({ rest: "" });
    expect(await done()).toMatchObject({ closedConnections: 1 });
    release();
  });

  rule("RFC 6455 §5.5.1: in the middle of a frame's head too", async () => {
    const { client, target, release } = await opened();
    const down = frame(1, "z".repeat(300));
    await target.write(down.subarray(0, 3));
    await client.reader.exactly(3);
    const done = await drain();
    await target.write(down.subarray(3));
    expect((await client.reader.exactly(down.length - 3)).equals(down.subarray(3))).toBe(true);
    expect(goingAwayOrRestart).toContain(await closeCode(client.reader, false));
    await client.send(frame(8, "\x03\xf4", { mask: true }));
    await client.ended();
    expect(await done()).toMatchObject({ closedConnections: 1 });
    release();
  });

  rule("RFC 6455 §7.1.1: a peer that never answers the Close is let go of", async () => {
    const { client, release } = await opened();
    const done = await drain();
    expect(goingAwayOrRestart).toContain(await closeCode(client.reader, false));
    expect(await done()).toMatchObject({ closedConnections: 1, connections: 0 });
    await client.ended();
    release();
  });

  rule(
    "RFC 6455 §7.1.2: a connection that closes by itself before the deadline is none that was closed",
    async () => {
      const { client, target, release } = await opened();
      const done = await drain({ connectionsMs: 60_000 });
      await client.send(frame(8, "\x03\xe8", { mask: true }));
      expect(await closeCode(target.reader, true)).toBe(1000);
      await target.write(frame(8, "\x03\xe8"));
      target.socket.end();
      expect(await closeCode(client.reader, false)).toBe(1000);
      client.end();
      expect(await done()).toMatchObject({ closedConnections: 0, cutRequests: 0 });
      release();
    },
  );
});

describe("many at once", () => {
  for (const [name, start] of [
    ["ws", startWs],
    ["Python's websockets", startPython],
  ] as const) {
    const missing = name !== "ws" && python === null;
    describe.skipIf(missing)(missing ? `${name}: not installed` : `with ${name}`, () => {
      rule(
        `RFC 6455 §7.4.1: at the deadline all are closed with 1012 or 1001, spread and counted (${name})`,
        async () => {
          await using server = await start();
          await using gateway = await startGateway();
          await gateway.put(tableOf(1, 1, [{ id: "old", address: "127.0.0.1", port: server.port }]));
          const sockets = await Promise.all(
            Array.from({ length: 60 }, async () => {
              const socket = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/echo`);
              await once(socket, "open");
              return socket;
            }),
          );
          const times: number[] = [];
          const codes = sockets.map(async (socket) => {
            const [code] = (await once(socket, "close")) as [number];
            times.push(performance.now());
            return code;
          });
          // Some are in the middle of large messages in both directions.
          for (const socket of sockets.slice(0, 10)) socket.send(Buffer.alloc(1 << 20));
          await gateway.put(tableOf(2, 2, []));
          const events: DrainEvent[] = [];
          const request = { targets: ["old"], requestsMs: 1_000, connectionsMs: 1, spreadMs: 600 };
          for await (const event of gateway.follow<DrainEvent>("/v1/drain", request)) events.push(event);
          expect(events.at(-1)).toMatchObject({ type: "done", closedConnections: 60, cutRequests: 0 });
          for (const code of await Promise.all(codes)) expect(goingAwayOrRestart).toContain(code);
          const sorted = times.sort((a, b) => a - b);
          expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)).toBeGreaterThan(200);
          await expect.poll(() => server.closes.length).toBe(60);
          for (const close of server.closes) {
            expect(goingAwayOrRestart).toContain(Number(close.split(" ")[0]));
          }
        },
        20_000,
      );
    });
  }
});

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { DrainEvent } from "../../../src/model/gateway-api.ts";
import { startGateway } from "../../support/gateway.ts";
import { drainOf, rawClient, startTarget, tableOf } from "../../support/gateway-target.ts";

const get = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";

async function all(events: AsyncIterable<DrainEvent>): Promise<DrainEvent[]> {
  const list: DrainEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe("drain", () => {
  test("counts what is in flight over all workers, exactly, and is done at zero", async () => {
    await using gateway = await startGateway({ workers: 2 });
    const answers: (() => void)[] = [];
    const allThere = Promise.withResolvers<void>();
    await using one = await startTarget((_request, response) => {
      answers.push(() => response.end("one"));
      if (answers.length === 12) allThere.resolve();
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = Array.from({ length: 12 }, async () => (await fetch(gateway.url)).text());
    await allThere.promise;
    await gateway.put(tableOf(2, 2, []));
    const events = gateway.follow<DrainEvent>("/v1/drain", drainOf(one));
    expect((await events.next()).value).toEqual({ type: "progress", requests: 12, connections: 0 });
    for (const answer of answers.slice(0, 5)) answer();
    let seen: DrainEvent | undefined;
    do seen = (await events.next()).value;
    while (seen?.type === "progress" && seen.requests > 7);
    expect(seen).toMatchObject({ type: "progress", requests: 7 });
    for (const answer of answers.slice(5)) answer();
    const rest = await all(events);
    expect(rest.at(-1)).toMatchObject({
      type: "done",
      requests: 0,
      connections: 0,
      cutRequests: 0,
      closedConnections: 0,
    });
    expect(await Promise.all(slow)).toEqual(Array.from({ length: 12 }, () => "one"));
  });

  test("with nothing in flight it is done at once; targets in the table are refused", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    await gateway.put(tableOf(1, 1, [one.target]));
    await expect(gateway.follow("/v1/drain", drainOf(one)).next()).rejects.toMatchObject({
      code: "GATEWAY_REFUSED",
      status: 409,
    });
    await gateway.put(tableOf(2, 2, []));
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one)));
    expect(events).toMatchObject([{ type: "done", cutRequests: 0, closedConnections: 0 }]);
  });

  test("a request that waits at its deadline is answered 504 and counted as cut", async () => {
    await using gateway = await startGateway();
    const arrived = Promise.withResolvers<void>();
    await using one = await startTarget(() => arrived.resolve());
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = fetch(gateway.url, { headers: { accept: "application/json" } });
    await arrived.promise;
    await gateway.put(tableOf(2, 2, []));
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { requestsMs: 50 })));
    expect(events.at(-1)).toMatchObject({ type: "done", cutRequests: 1, closedConnections: 0 });
    const response = await slow;
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ status: 504 });
    const buckets = await gateway.stats("shop");
    expect(buckets.map(({ release, requests, failures }) => ({ release, requests, failures }))).toEqual([
      { release: 1, requests: 1, failures: 1 },
    ]);
  });

  test("deadlines hold after the request that set them is closed, and it can be joined again", async () => {
    await using gateway = await startGateway();
    const arrived = Promise.withResolvers<void>();
    await using one = await startTarget(() => arrived.resolve());
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = fetch(gateway.url);
    await arrived.promise;
    await gateway.put(tableOf(2, 2, []));
    const first = gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { requestsMs: 200 }));
    await first.next();
    await first.return(undefined);
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { requestsMs: 60_000 })));
    expect(events.at(-1)).toMatchObject({ type: "done", cutRequests: 1 });
    expect((await slow).status).toBe(504);
  });

  test("a download goes on past the requests' deadline as a connection and is broken, not ended, at its own", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => {
      response.writeHead(200, { "Content-Length": 1_000_000 });
      response.write("part");
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send(get);
    await client.until((text) => text.endsWith("part"));
    await gateway.put(tableOf(2, 2, []));
    const events = await all(
      gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { requestsMs: 100, connectionsMs: 300 })),
    );
    expect(events).toMatchObject([
      { type: "progress", requests: 1, connections: 0 },
      { type: "progress", requests: 0, connections: 1 },
      { type: "done", cutRequests: 0, closedConnections: 1 },
    ]);
    expect((await client.closed).endsWith("part")).toBe(true);
  });

  test("an event stream ends at a border between events, whole", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: begin");
      // Each write ends in the middle of an event.
      const timer = setInterval(() => response.write(" end\n\ndata: next\n\ndata: begin"), 5);
      response.on("close", () => clearInterval(timer));
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    const response = await fetch(gateway.url);
    await gateway.put(tableOf(2, 2, []));
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { connectionsMs: 40 })));
    expect(events[0]).toEqual({ type: "progress", requests: 0, connections: 1 });
    expect(events.at(-1)).toMatchObject({ closedConnections: 1, cutRequests: 0 });
    expect(await response.text()).toMatch(/^(data: begin end\n\n|data: next\n\n)+$/);
  });

  test("a WebSocket gets a Close frame with 1012 on both sides at its deadline", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    const server = new WebSocketServer({ server: one.server });
    const targetClosed = Promise.withResolvers<number>();
    server.on("connection", (socket) => {
      socket.on("message", (data, binary) => socket.send(data, { binary }));
      socket.on("close", (code) => targetClosed.resolve(code));
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/`);
    await once(client, "open");
    await gateway.put(tableOf(2, 2, []));
    client.send("still there");
    expect(String((await once(client, "message"))[0])).toBe("still there");
    const closed = once(client, "close");
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { connectionsMs: 50 })));
    expect(events.at(-1)).toMatchObject({ type: "done", cutRequests: 0, closedConnections: 1 });
    expect((await closed)[0]).toBe(1012);
    expect(await targetClosed.promise).toBe(1012);
  });

  test("in the middle of a message the Close waits for the frame's end", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    const opened = Promise.withResolvers<import("node:stream").Duplex>();
    one.server.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      opened.resolve(socket);
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await client.until((text) => text.endsWith("\r\n\r\n"));
    client.forget();
    const target = await opened.promise;
    target.on("error", () => undefined);
    target.write(Buffer.from([0x81, 6, 0x61, 0x62]));
    await client.until((text) => text.length === 4);
    await gateway.put(tableOf(2, 2, []));
    const events = gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { connectionsMs: 1 }));
    await events.next();
    const masked = once(target, "data");
    const [closeFrame] = (await masked) as [Buffer];
    expect([...closeFrame.subarray(0, 2)]).toEqual([0x88, 0x82]);
    target.write(Buffer.from([0x63, 0x64, 0x65, 0x66, 0x81, 1, 0x67]));
    const text = await client.until((seen) => seen.length >= 12);
    expect([...Buffer.from(text, "latin1")]).toEqual([
      0x81, 6, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x88, 2, 0x03, 0xf4,
    ]);
    expect((await all(events)).at(-1)).toMatchObject({ closedConnections: 1 });
  });

  test("closing is spread over the time asked for", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: x\n\n");
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    const streams = await Promise.all(Array.from({ length: 30 }, () => fetch(gateway.url)));
    await gateway.put(tableOf(2, 2, []));
    const ends = streams.map(async (response) => {
      expect(await response.text()).toBe("data: x\n\n");
      return performance.now();
    });
    const deadlines = { connectionsMs: 10, spreadMs: 800 };
    const events = await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(one, deadlines)));
    expect(events.at(-1)).toMatchObject({ closedConnections: 30, connections: 0 });
    const times = (await Promise.all(ends)).sort((a, b) => a - b);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(200);
  });

  test("what comes back into the table is drained no more", async () => {
    await using gateway = await startGateway();
    const arrived = Promise.withResolvers<() => void>();
    await using one = await startTarget((_request, response) => arrived.resolve(() => response.end("kept")));
    const otherArrived = Promise.withResolvers<void>();
    await using other = await startTarget(() => otherArrived.resolve());
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = fetch(gateway.url);
    const finish = await arrived.promise;
    await gateway.put(tableOf(2, 2, [other.target]));
    const cut = fetch(gateway.url);
    await otherArrived.promise;
    const events = gateway.follow<DrainEvent>("/v1/drain", drainOf(one, { requestsMs: 150 }));
    await events.next();
    await gateway.put(tableOf(3, 1, [one.target]));
    await expect(all(events)).rejects.toThrow();
    // A drain with the same deadline that began later has come to its end: so the first one's has passed.
    await all(gateway.follow<DrainEvent>("/v1/drain", drainOf(other, { requestsMs: 150 })));
    expect((await cut).status).toBe(504);
    finish();
    expect(await (await slow).text()).toBe("kept");
  });

  test("idle connections to a target that left the table are closed", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    await gateway.put(tableOf(1, 1, [one.target]));
    await Promise.all(Array.from({ length: 4 }, async () => (await fetch(gateway.url)).text()));
    expect(one.sockets.size).toBeGreaterThan(0);
    const closed = Promise.all([...one.sockets].map((socket) => once(socket, "close")));
    const from = performance.now();
    await gateway.put(tableOf(2, 2, []));
    await closed;
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { startGateway } from "../../support/gateway.ts";
import { type TestTarget, rawClient, startTarget, tableOf } from "../../support/gateway-target.ts";

function echo(target: TestTarget): WebSocketServer {
  const server = new WebSocketServer({ server: target.server, maxPayload: 64 * 1024 * 1024 });
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  return server;
}

describe("upgrade", () => {
  test("a WebSocket echoes small and large messages and closes with its own code", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    echo(one);
    await gateway.put(tableOf(1, 1, [one.target]));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/socket?a=1`, ["chat"], {
      maxPayload: 64 * 1024 * 1024,
    });
    await once(client, "open");
    expect(client.protocol).toBe("chat");
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 8 * 1024 * 1024]) {
      const message = randomBytes(size);
      client.send(message);
      const [back] = (await once(client, "message")) as [Buffer];
      expect(back.equals(message)).toBe(true);
    }
    const closed = once(client, "close");
    client.close(4_001, "bye");
    expect((await closed)[0]).toBe(4_001);
    expect(await gateway.stats("shop")).toMatchObject([{ release: 1, requests: 1, failures: 0 }]);
  });

  test("any protocol passes, each direction with an end of its own", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    const upgraded = Promise.withResolvers<Duplex>();
    one.server.on("upgrade", (request, socket, head) => {
      expect(request.headers).toMatchObject({
        upgrade: "Custom/1",
        connection: "Upgrade",
        "x-real-ip": "127.0.0.1",
      });
      socket.unshift(head);
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: Custom/1\r\n\r\nwelcome ",
      );
      upgraded.resolve(socket);
    });
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: Custom/1\r\n\r\nearly ");
    await client.until((text) => text.endsWith("welcome "));
    client.socket.end("last");
    const target = await upgraded.promise;
    const got = Buffer.concat(await target.toArray()).toString();
    expect(got).toBe("early last");
    target.end("answered after the client's end");
    expect((await client.closed).endsWith("answered after the client's end")).toBe(true);
  });

  test("one that the target refuses is answered with the target's response", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.writeHead(426).end("not here"));
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1.1 426 /);
    expect(text).toContain("not here");
  });

  test("h2c is not asked for: the request is answered over HTTP/1.1", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((request, response) =>
      response.end(`upgrade ${request.headers.upgrade}`),
    );
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nUpgrade: h2c\r\n\r\n",
    );
    expect(await client.until((text) => text.includes("upgrade undefined"))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("no route and no target are answered as for any request", async () => {
    await using gateway = await startGateway();
    await gateway.put(tableOf(1, 1, []));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/`);
    const [, response] = (await once(client, "unexpected-response")) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(503);
  });

  test("a side that vanishes takes the other with it", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    const server = echo(one);
    await gateway.put(tableOf(1, 1, [one.target]));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/`);
    const [socket] = (await once(server, "connection")) as [WebSocket];
    await once(client, "open");
    const gone = once(socket, "close");
    client.terminate();
    await gone;
    const second = new WebSocket(`ws://127.0.0.1:${gateway.httpPort}/`);
    const [other] = (await once(server, "connection")) as [WebSocket];
    await once(second, "open");
    other.terminate();
    expect((await once(second, "close"))[0]).toBe(1006);
  });

  test("a client that leaves before the answer ends the target's work; one that talks early is heard", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end());
    let arrived = Promise.withResolvers<Duplex>();
    one.server.on("upgrade", (_request, socket) => arrived.resolve(socket));
    await gateway.put(tableOf(1, 1, [one.target]));
    const handshake = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: Custom/1\r\n\r\n";
    const leaving = await rawClient(gateway.httpPort);
    leaving.send(handshake);
    const left = await arrived.promise;
    leaving[Symbol.dispose]();
    await once(left.resume(), "end");
    left.destroy();
    arrived = Promise.withResolvers();
    using client = await rawClient(gateway.httpPort);
    client.send(handshake);
    const target = await arrived.promise;
    client.send("early ");
    target.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: Custom/1\r\n\r\n");
    await client.until((text) => text.includes("101"));
    client.socket.end("and late");
    expect(Buffer.concat(await target.toArray()).toString()).toBe("early and late");
    target.end();
  });

  test("one sent before the answer to an earlier request is an ordinary request", async () => {
    await using gateway = await startGateway({ workers: 1 });
    await using one = await startTarget((request, response) => response.end(`answer to ${request.url} `));
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    const handshake = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n${handshake}`);
    const text = await client.until((seen) => seen.includes("answer to /2"));
    expect(text.indexOf("answer to /1")).toBeLessThan(text.indexOf("answer to /2"));
    using other = await rawClient(gateway.httpPort);
    other.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    const answers = await other.closed;
    expect(answers.indexOf("answer to /3")).toBeLessThan(answers.indexOf("HTTP/1.1 405"));
    expect(gateway.log.filter((line) => line.includes("a worker ended"))).toEqual([]);
  });
});

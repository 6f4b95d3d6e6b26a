import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type Load, type Mix, startLoad } from "../../../tools/load/load.ts";

/** A server on loopback that ends with the scope. */
async function serve(listener: RequestListener, upgrade?: (server: Server) => void) {
  const server = createServer(listener);
  upgrade?.(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const answer: RequestListener = (request, response) => {
  response.setHeader("x-version", "1");
  if (request.method === "POST") request.pipe(response);
  else response.end('{"version":"1"}');
};

const short: Mix = {
  keepalive: { connections: 2, rate: 200 },
  close: { lanes: 1, rate: 50 },
  post: { connections: 1, rate: 50, bytes: 4096 },
};

/** Starts without waiting for right answers, which a broken server never gives. */
async function runUntil(load: Load, enough: number) {
  await load.until((progress) => progress.requests >= enough || progress.failures > 0);
  return load.stop();
}

describe("load", () => {
  test("against a server that does all right: no failure, connections are kept, the rate is held", async () => {
    await using server = await serve(answer);
    await using load = await startLoad({ url: server.url, mix: short });
    await load.until((progress) => progress.requests >= 300);
    const report = await load.stop();
    expect(report.failures).toBe(0);
    expect(report.opened.keepalive).toBe(2);
    expect(report.opened.close).toBe(report.byKind.close?.requests);
    expect(report.byVersion).toMatchObject([{ version: "1", requests: report.requests }]);
    const rate = (report.byKind.keepalive?.requests ?? 0) / ((report.endedAt - report.startedAt) / 1000);
    expect(rate).toBeGreaterThan(100);
    expect(rate).toBeLessThan(210);
  });

  test.each<[string, RegExp, RequestListener]>([
    [
      "an error status",
      /status 503/,
      (request, response) => {
        response.statusCode = 503;
        answer(request, response);
      },
    ],
    [
      "an answer cut short",
      /cut short/,
      (_request, response) => {
        response.setHeader("x-version", "1");
        response.setHeader("content-length", 100);
        response.write("{", () => response.destroy());
      },
    ],
    ["a reset connection", /ECONNRESET|socket hang up/, (request) => void request.socket.destroy()],
    [
      "a wrong body",
      /body/,
      (request, response) => {
        request.resume();
        response.setHeader("x-version", "1");
        response.end("nonsense");
      },
    ],
    [
      "no version",
      /names no version/,
      (request, response) => {
        request.resume();
        response.end("{}");
      },
    ],
  ])("%s is a failure", async (_name, error, listener) => {
    await using server = await serve(listener);
    await expect(startLoad({ url: server.url, mix: short }, 500)).rejects.toThrow(/did not get there/);
    const { Load } = await import("../../../tools/load/load.ts");
    await using load = new Load({ url: server.url, mix: short });
    const report = await runUntil(load, 10);
    expect(report.failures).toBe(report.requests);
    expect(report.failed[0]?.error).toMatch(error);
  });

  test("a connection refused is a failure", async () => {
    const server = await serve(answer);
    await using load = await startLoad({ url: server.url, mix: short });
    await server[Symbol.asyncDispose]();
    const report = await runUntil(load, Number.POSITIVE_INFINITY);
    expect(report.failures).toBeGreaterThan(0);
    expect(report.failed.some(({ error }) => /ECONNREFUSED/.test(error ?? ""))).toBe(true);
  });

  test("an event stream goes on where it stopped; a gap and an unclean end are failures", async () => {
    const streams: { id: number; end: "clean" | "reset"; skip: number }[] = [];
    const plan = [
      { end: "clean", skip: 0 },
      { end: "clean", skip: 3 },
      { end: "reset", skip: 0 },
    ] as const;
    const events = (request: IncomingMessage) => Number(request.headers["last-event-id"] ?? 0);
    await using server = await serve((request, response) => {
      const step = plan[streams.length % plan.length] ?? plan[0];
      const id = events(request) + 1 + step.skip;
      streams.push({ id, ...step });
      response.setHeader("x-version", "1");
      response.setHeader("content-type", "text/event-stream");
      const text = `retry: 5\n\nid: ${id}\ndata: x\n\nid: ${id + 1}\ndata: y\n\n`;
      if (step.end === "clean") response.end(text);
      else response.write(text, () => response.destroy());
    });
    await using load = await startLoad({ url: server.url, mix: { sse: { connections: 1 } } });
    await load.until((progress) => progress.failures >= 2);
    const report = await load.stop();
    expect(report.failed.map(({ error }) => error)).toEqual(
      expect.arrayContaining(["event 6 came after 2", "the stream ended without its last chunk"]),
    );
    expect(report.closings.slice(0, 3).map(({ clean }) => clean)).toEqual([true, true, false]);
  });

  test("a WebSocket closed by its protocol is no failure, one that is cut is", async () => {
    let connections = 0;
    await using server = await serve(answer, (http) => {
      new WebSocketServer({ server: http, path: "/ws" }).on("connection", (socket) => {
        connections += 1;
        const number = connections;
        socket.send('{"version":"1"}');
        socket.on("message", (data) => {
          socket.send(data.toString(), () => {
            if (number === 1) socket.close(1001);
            if (number === 2) socket.terminate();
          });
        });
      });
    });
    await using load = await startLoad({
      url: server.url,
      mix: { websocket: { connections: 1, everyMs: 20 } },
    });
    await load.until((progress) => progress.failures >= 1 && progress.requests >= 4);
    const report = await load.stop();
    expect(report.failures).toBe(1);
    expect(report.failed[0]?.error).toMatch(/without a close frame/);
    expect(report.closings.slice(0, 2)).toMatchObject([
      { clean: true, code: 1001, byServer: true },
      { clean: false, code: 1006, byServer: true },
    ]);
  });
});

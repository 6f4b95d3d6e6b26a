import { describe, expect, test } from "vitest";
import { defaultCheck } from "../../../src/model/check.ts";
import type { ProbeEvent } from "../../../src/model/gateway-api.ts";
import { freePort, startGateway } from "../../support/gateway.ts";
import { startTarget } from "../../support/gateway-target.ts";

async function all(events: AsyncIterable<ProbeEvent>): Promise<ProbeEvent[]> {
  const list: ProbeEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe("probe", () => {
  test("a target is ready after successes in a row; reasons are told when they change", async () => {
    await using gateway = await startGateway();
    const statuses = [503, 503, 200, 500, 200, 204, 302];
    const ports = new Set<number | undefined>();
    await using one = await startTarget((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(statuses.shift() ?? 200, { Location: "/elsewhere" }).end();
    });
    const check = { ...defaultCheck, path: "/health", host: "shop.example", intervalMs: 10 };
    const events = await all(gateway.follow<ProbeEvent>("/v1/probe", { targets: [one.target], check }));
    const id = one.target.id;
    expect(events).toMatchObject([
      { type: "failure", target: id, reason: "HTTP 503" },
      { type: "success", target: id, streak: 1 },
      { type: "failure", target: id, reason: "HTTP 500" },
      { type: "success", target: id, streak: 1 },
      { type: "success", target: id, streak: 2 },
      { type: "success", target: id, streak: 3 },
      { type: "ready", target: id },
      { type: "done" },
    ]);
    expect(one.seen.map((request) => request.url)).toEqual(Array.from({ length: 7 }, () => "/health"));
    expect(one.seen[0]?.headers).toMatchObject({
      host: "shop.example",
      "user-agent": "cutover-probe/0.0.0-dev",
    });
    expect(ports.size).toBe(7);
  });

  test("a port that nobody listens on yet, then one that does", async () => {
    await using gateway = await startGateway();
    const port = await freePort();
    const target = { id: "late", address: "127.0.0.1", port };
    const check = { ...defaultCheck, intervalMs: 5, successes: 2 };
    const events = gateway.follow<ProbeEvent>("/v1/probe", { targets: [target], check });
    expect((await events.next()).value).toEqual({
      type: "failure",
      target: "late",
      reason: "connection refused",
    });
    await using late = await startTarget((_request, response) => response.end(), port);
    expect((await all(events)).map((event) => event.type)).toEqual(["success", "success", "ready", "done"]);
    expect(late.seen).toEqual([]);
  });

  test("a target that does not answer in time has that as its reason, once", async () => {
    await using gateway = await startGateway();
    let asked = 0;
    const enough = Promise.withResolvers<void>();
    await using one = await startTarget((_request, response) => {
      asked += 1;
      if (asked < 4) return;
      response.end();
      enough.resolve();
    });
    const check = { ...defaultCheck, path: "/", timeoutMs: 60, intervalMs: 1, successes: 1 };
    const events = await all(gateway.follow<ProbeEvent>("/v1/probe", { targets: [one.target], check }));
    await enough.promise;
    expect(events.map((event) => (event.type === "failure" ? event.reason : event.type))).toEqual([
      "no answer within 60 ms",
      "success",
      "ready",
      "done",
    ]);
  });

  test("closing the request ends the probe", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.writeHead(503).end());
    const check = { ...defaultCheck, path: "/", intervalMs: 1 };
    const events = gateway.follow<ProbeEvent>("/v1/probe", { targets: [one.target], check });
    await events.next();
    await events.return(undefined);
    // Probing goes on only while the request is open: at some moment no more comes within 50 intervals.
    await expect
      .poll(
        async () => {
          const before = one.seen.length;
          await new Promise((resolve) => setTimeout(resolve, 50));
          return one.seen.length - before;
        },
        { timeout: 5_000 },
      )
      .toBe(0);
  });
});

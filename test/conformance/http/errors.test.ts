import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, post, startBench } from "../../support/conformance.ts";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { tableOf } from "../../support/gateway-target.ts";
import { fieldOf, type ResponseText } from "../../support/http1-message.ts";
import { openRaw } from "../../support/raw-client.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
let empty: TestGateway;
beforeAll(async () => {
  bench = await startBench();
  empty = await startGateway({ workers: 1 });
  const table = tableOf(1, 1, []);
  await empty.put({ ...table, routes: table.routes.map((route) => ({ ...route, path: "/app" })) });
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await empty[Symbol.asyncDispose]();
});

async function ask(bytes: string, method = "GET"): Promise<ResponseText> {
  using client = await openRaw(empty.httpPort);
  return await client.exchange(bytes, { method });
}

describe("answers of the gateway's own", () => {
  rule("RFC 9110 §15.5.5: what no route takes is answered 404", async () => {
    expect((await ask(get("/nothing"))).status).toBe(404);
  });

  rule("RFC 9110 §15.6.4: a backend without targets is answered 503 with Retry-After", async () => {
    const response = await ask(get("/app/x"));
    expect([response.status, fieldOf(response, "retry-after")]).toEqual([503, "1"]);
  });

  rule("RFC 9110 §12.5.1: they are HTML for a browser and JSON for others", async () => {
    for (const [accept, type] of [
      ["Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n", "text/html; charset=utf-8"],
      ["Accept: application/json\r\n", "application/json"],
      ["Accept: */*\r\n", "application/json"],
      ["", "application/json"],
    ] as const) {
      const response = await ask(get("/nothing", accept));
      expect(fieldOf(response, "content-type")).toBe(type);
      const text = response.body.toString();
      if (type === "application/json") expect(JSON.parse(text)).toMatchObject({ status: 404 });
      else expect(text).toMatch(/^<!doctype html>/i);
    }
  });

  rule("RFC 9110 §9.3.2: HEAD gets their head", async () => {
    using client = await openRaw(empty.httpPort);
    const response = await client.exchange("HEAD /nothing HTTP/1.1\r\nHost: h\r\n\r\n", { method: "HEAD" });
    expect(response.status).toBe(404);
    expect((await client.exchange(get("/nothing"))).status).toBe(404);
  });

  rule("Server-Timing: an error tells which part failed", async () => {
    bench.on("/closes", (exchange) => exchange.socket.destroy());
    for (const response of [
      await ask(get("/nothing")),
      await ask(get("/app/x")),
      await bench.ask("POST /closes HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
    ]) {
      expect(response.status).toBeGreaterThan(400);
      expect(fieldOf(response, "server-timing")).toMatch(/^[\w-]+(;desc="?[^"]*"?)?/);
    }
  });

  rule("RFC 9110 §8.6: they have a length, and nothing of the request in them", async () => {
    const response = await ask(
      get("/<script>alert(1)</script>", "Accept: text/html\r\nX-Request-Id: a-1\r\n"),
    );
    expect(response.framing).toBe("length");
    expect(response.body.toString()).not.toContain("<script>");
    expect(response.head).not.toContain("alert");
  });

  rule("RFC 9110 §15.5: the connection goes on after a 404, or ends and says so", async () => {
    using client = await openRaw(empty.httpPort);
    await client.send(`${get("/1")}${post("/2", "hello")}${get("/app/3")}`);
    for (const status of [404, 404, 503]) {
      const response = await client.response();
      expect(response.status).toBe(status);
      if (/close/i.test(fieldOf(response, "connection") ?? "")) break;
    }
  });

  rule(
    "RFC 9110 §15.6.3: a target that refuses connections is answered 502 or 503",
    async () => {
      await using alone = await startBench();
      await alone.target[Symbol.asyncDispose]();
      const response = await alone.ask(get("/x"));
      expect([502, 503]).toContain(response.status);
    },
    20_000,
  );
});

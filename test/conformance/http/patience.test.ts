import { setInterval, setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

describe("timeouts", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({
      policy: { responseMs: 300 },
      settings: {
        "header-timeout": "400ms",
        "body-timeout": "400ms",
        "keep-alive-timeout": "800ms",
        "send-timeout": "500ms",
        "half-closed-timeout": "400ms",
      },
    });
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  rule("RFC 9110 §15.5.9: a head that does not come to its end is answered 408", async () => {
    bench.takeSeen();
    using client = await bench.open();
    const response = await client.exchange("GET /slow HTTP/1.1\r\nHost:");
    expect([response.status, fieldOf(response, "connection")?.toLowerCase()]).toEqual([408, "close"]);
    expect((await client.ended()).rest).toBe("");
    expect(bench.takeSeen()).toEqual([]);
  });

  rule("RFC 9110 §15.5.9: a byte now and then does not make it wait longer", async () => {
    using client = await bench.open();
    await client.send("GET /slow HTTP/1.1\r\nHost: h\r\nX: ");
    const timer = globalThis.setInterval(() => void client.send("y"), 50);
    const response = await client.response();
    clearInterval(timer);
    expect(response.status).toBe(408);
  });

  rule("RFC 9110 §15.5.9: a body that stops is answered 408, and its target is freed", async () => {
    bench.on("/upload", (exchange) => exchange.body());
    const arrival = bench.target.arrival("/upload");
    using client = await bench.open();
    const response = await client.exchange(
      "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf",
    );
    expect(response.status).toBe(408);
    await (await arrival).gone;
  });

  rule("RFC 9112 §9.5: an idle connection is closed, and nothing is said", async () => {
    using fresh = await bench.open();
    expect(await fresh.ended()).toMatchObject({ rest: "" });
    using used = await bench.open();
    await used.exchange(get("/x"));
    expect(await used.ended()).toEqual({ how: "fin", rest: "" });
  });

  rule(
    "RFC 9110 §15.6.5: a target that does not answer in its time is 504, and its connection ends",
    async () => {
      bench.on("/hang", ({ gone }) => gone);
      const arrival = bench.target.arrival("/hang");
      expect((await bench.ask(get("/hang"))).status).toBe(504);
      await (await arrival).gone;
    },
  );

  rule("RFC 9112 §9.5: a client that takes no byte of its response is cut off", async () => {
    bench.on("/much", async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
      const block = Buffer.alloc(1 << 20);
      while (!exchange.socket.destroyed) await exchange.write(block);
    });
    const arrival = bench.target.arrival("/much");
    using client = await bench.open();
    client.reader.hold();
    await client.send(get("/much"));
    await (await arrival).gone;
  });

  rule("RFC 9112 §9.6: a client that has ended its side waits only so long", async () => {
    bench.on("/late", ({ gone }) => gone);
    const arrival = bench.target.arrival("/late");
    using client = await bench.open();
    await client.send(get("/late"));
    client.end();
    await (await arrival).gone;
    await client.ended();
  });
});

describe("the time that a target has to answer", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({ policy: { responseMs: 1_000 } });
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  rule("RFC 9110 §15.6.5: it begins with the end of the request, however long that took", async () => {
    bench.on("/upload", async (exchange) => {
      await exchange.body();
      await setTimeout(300);
      await exchange.answer("taken");
    });
    using client = await bench.open();
    await client.send("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 13\r\n\r\n");
    let pieces = 0;
    for await (const _ of setInterval(100, null, { signal: AbortSignal.timeout(10_000) })) {
      await client.send("x");
      pieces += 1;
      if (pieces === 13) break;
    }
    expect((await client.response()).status).toBe(200);
  });

  rule("RFC 9110 §15.6.5: it is never shorter than was said", async () => {
    bench.on("/hang", ({ gone }) => gone);
    // Begun at many moments: the gateway looks at its clock from time to time.
    const asked = Array.from({ length: 12 }, async (_, index) => {
      await setTimeout(index * 9);
      using client = await bench.open();
      const sentAt = performance.now();
      expect((await client.exchange(get("/hang"))).status).toBe(504);
      return performance.now() - sentAt;
    });
    expect(Math.min(...(await Promise.all(asked)))).toBeGreaterThanOrEqual(1_000);
  });
});

describe("limits of connections", () => {
  rule(
    "RFC 9112 §9.5: one address has only so many connections, and more when some end",
    async () => {
      await using bench = await startBench({ settings: { "max-connections-per-address": "5" } });
      const clients = await Promise.all(Array.from({ length: 5 }, () => bench.open()));
      for (const client of clients) expect((await client.exchange(get("/x"))).status).toBe(200);
      using more = await bench.open();
      await more.send(get("/x"));
      expect((await more.ended()).rest).toMatch(/^$|^HTTP\/1\.1 (429|503) /);
      for (const client of clients) client[Symbol.dispose]();
      await expect.poll(async () => (await bench.ask(get("/x")).catch(() => null))?.status ?? 0).toBe(200);
    },
    20_000,
  );

  rule(
    "RFC 9112 §9.5: there are only so many connections in all",
    async () => {
      await using bench = await startBench({ settings: { "max-connections": "6" } });
      let arrived = 0;
      bench.on("/late", ({ gone }) => {
        arrived += 1;
        return gone;
      });
      const clients = await Promise.all(Array.from({ length: 12 }, () => bench.open()));
      let refused = 0;
      for (const client of clients) {
        void client.ended().then(({ rest }) => {
          if (/^$|^HTTP\/1\.1 503 /.test(rest)) refused += 1;
        });
        await client.send(get("/late"));
      }
      await expect.poll(() => arrived + refused, { timeout: 10_000 }).toBe(12);
      expect(arrived).toBeLessThanOrEqual(6);
      expect(arrived).toBeGreaterThanOrEqual(3);
      for (const client of clients) client[Symbol.dispose]();
    },
    20_000,
  );

  rule(
    "RFC 9112 §9.6: the last of so many requests on a connection says close",
    async () => {
      await using bench = await startBench({ settings: { "max-requests-per-connection": "3" } });
      using client = await bench.open();
      await client.send(get("/1") + get("/2") + get("/3") + get("/4"));
      for (const last of [false, false, true]) {
        const response = await client.response();
        expect(/close/i.test(fieldOf(response, "connection") ?? "")).toBe(last);
      }
      expect((await client.ended()).rest).toBe("");
      expect(bench.takeSeen().map(({ path }) => path)).toEqual(["/1", "/2", "/3"]);
    },
    20_000,
  );

  rule(
    "RFC 9112 §3: the limits of heads are settings",
    async () => {
      await using bench = await startBench({
        settings: { "max-line": "1k", "max-head": "2k", "max-fields": "10" },
      });
      expect((await bench.ask(get(`/${"a".repeat(900)}`))).status).toBe(200);
      expect((await bench.ask(get(`/${"a".repeat(1_100)}`))).status).toBe(414);
      expect((await bench.ask(get("/x", `A: ${"a".repeat(2_100)}\r\n`))).status).toBe(431);
      expect((await bench.ask(get("/x", "A: b\r\n".repeat(9)))).status).toBe(200);
      expect((await bench.ask(get("/x", "A: b\r\n".repeat(10)))).status).toBe(431);
    },
    20_000,
  );
});

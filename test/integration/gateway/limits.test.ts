import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fieldOf } from "../../support/http1-message.ts";
import { type Bench, get, startBench } from "../../support/conformance.ts";
import { freePort } from "../../support/gateway.ts";
import { tableOf } from "../../support/gateway-target.ts";
import { openRaw } from "../../support/raw-client.ts";

const megabyte = 1_048_576;
/** More than the buffers of two kernels hold. */
const download = Buffer.alloc(24 * megabyte, "0123456789abcdef");

describe.each(["raw", "net"])("clients of the %s transport", (transport) => {
  describe("that are slow", () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await startBench({
        settings: {
          transport,
          "header-timeout": "600ms",
          "send-timeout": "700ms",
          "tunnel-timeout": "500ms",
          "min-rate": "10k",
        },
      });
      bench.on("/download", (exchange) => exchange.answer(download));
    });
    afterAll(() => bench[Symbol.asyncDispose]());

    it("are cut off with RST when they take nothing, and their target is freed", async () => {
      const arrival = bench.target.arrival("/download");
      const client = connect({ port: bench.gateway.httpPort, host: "127.0.0.1" });
      client.pause();
      client.write(get("/download"));
      await (await arrival).gone;
      client.resume();
      await expect(once(client, "end")).rejects.toThrow("ECONNRESET");
    });

    it("get all of an answer that ends the connection, however long it takes", async () => {
      const socket = connect({ port: bench.gateway.httpPort, host: "127.0.0.1" });
      socket.write(get("/download", "Connection: close\r\n"));
      let size = 0;
      // Longer in all than the gateway waits for a client's end, and no standstill that is as long as its patience.
      socket.on("data", (chunk: Buffer) => {
        const whole = Math.floor(size / (4 * megabyte));
        size += chunk.length;
        if (Math.floor(size / (4 * megabyte)) === whole) return;
        socket.pause();
        setTimeout(() => socket.resume(), 450);
      });
      await once(socket, "end");
      expect(size).toBeGreaterThan(download.length);
    });

    it("have only so much time for a head, however they send it", async () => {
      using client = await bench.open();
      await client.exchange(get("/x"));
      const begun = performance.now();
      const trickle = setInterval(() => void client.send("G"), 40);
      const response = await client.response();
      clearInterval(trickle);
      expect(response.status).toBe(408);
      expect(performance.now() - begun).toBeLessThan(2_000);
      const find = () => bench.gateway.log.find((line) => line.includes('"header-timeout"'));
      await expect.poll(find).toBeDefined();
      expect(JSON.parse(find() ?? "").ms).toBeGreaterThanOrEqual(600);
    });

    it("are answered 408 when a body comes by drops", { timeout: 15_000 }, async () => {
      using client = await bench.open();
      await client.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
      const trickle = setInterval(() => void client.send("x".repeat(100)), 50);
      const response = await client.response();
      clearInterval(trickle);
      expect(response.status).toBe(408);
      expect(fieldOf(response, "server-timing")).toMatch(/body too slow/);
    });

    it("may have an upgraded connection for as long as something moves on it", async () => {
      bench.on("/tunnel", async ({ write, socket, gone }) => {
        await write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        socket.on("data", (chunk) => socket.write(chunk));
        await gone;
      });
      using client = await bench.open();
      await client.send(get("/tunnel", "Connection: Upgrade\r\nUpgrade: echo\r\n"));
      await client.reader.until("\r\n\r\n");
      for (let turn = 0; turn < 6; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await client.send("ping\n");
        expect((await client.reader.until("\n")).toString()).toBe("ping\n");
      }
      const begun = performance.now();
      await client.ended();
      expect(performance.now() - begun).toBeGreaterThan(300);
    });

    it("get no more answers in the pipe than they take", async () => {
      const size = 64_000;
      bench.on("/piece", (exchange) => exchange.answer("p".repeat(size)));
      bench.takeSeen();
      using client = await bench.open();
      client.socket.pause();
      const sent = 2_000;
      void client.send(get("/piece").repeat(sent));
      const arrived = () => bench.target.seen.filter(({ path }) => path === "/piece").length;
      let before = -1;
      // What the kernels' buffers hold is asked for; then it stands still.
      while (arrived() !== before) {
        before = arrived();
        for (let turn = 0; turn < 10; turn += 1) await bench.fence();
      }
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(sent / 2);
    });
  });

  it("may have heads of a megabyte where that is chosen, and never more", { timeout: 20_000 }, async () => {
    await using bench = await startBench({
      settings: { transport, "max-head": "1m", "max-fields": "1000", "max-line": "64k" },
    });
    const head = (kilobytes: number) => get("/big", `A: ${"x".repeat(1_019)}\r\n`.repeat(kilobytes));
    for (const kilobytes of [60, 190, 260, 500, 980]) {
      bench.takeSeen();
      expect((await bench.ask(head(kilobytes))).status).toBe(200);
      const request = bench.takeSeen()[0]?.request.head ?? "";
      expect(request.split("\r\n").filter((line) => line === `A: ${"x".repeat(1_019)}`).length).toBe(
        kilobytes,
      );
    }
    expect((await bench.ask(get("/big", `A: ${"x".repeat(2_000)}\r\n`.repeat(900)))).status).toBe(431);
  });

  describe("that are many", () => {
    it("have connections that are idle closed for new ones, the one that is so for longest first", async () => {
      await using bench = await startBench({ settings: { transport, "max-connections": "3" } });
      const [first, second, third] = [await bench.open(), await bench.open(), await bench.open()];
      for (const client of [first, third, second]) {
        await client.exchange(get("/x"));
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      using fourth = await bench.open();
      expect((await fourth.exchange(get("/x"))).status).toBe(200);
      expect((await first.ended()).rest).toBe("");
      using fifth = await bench.open();
      expect((await fifth.exchange(get("/x"))).status).toBe(200);
      await third.ended();
      expect((await second.exchange(get("/x"))).status).toBe(200);
      for (const client of [first, second, third]) client[Symbol.dispose]();
    });

    it("are answered 503 when none is idle", async () => {
      await using bench = await startBench({ settings: { transport, "max-connections": "2" } });
      bench.on("/late", ({ gone }) => gone);
      const busy = [await bench.open(), await bench.open()];
      for (const client of busy) {
        const arrival = bench.target.arrival("/late");
        await client.send(get("/late"));
        await arrival;
      }
      using more = await bench.open();
      const response = await more.exchange(get("/x"));
      expect(response.status).toBe(503);
      expect(fieldOf(response, "connection")).toBe("close");
      expect((await more.ended()).rest).toBe("");
      await expect.poll(() => bench.gateway.log.some((line) => line.includes("connection-limit"))).toBe(true);
      for (const client of busy) client[Symbol.dispose]();
      await expect.poll(async () => (await bench.ask(get("/x"))).status).toBe(200);
    });

    it("are closed without a word when they are of one address, and logged a few times", async () => {
      await using bench = await startBench({
        settings: { transport, "max-connections-per-address": "4" },
      });
      const clients = await Promise.all(Array.from({ length: 4 }, () => bench.open()));
      for (const client of clients) await client.exchange(get("/x"));
      for (let turn = 0; turn < 50; turn += 1) {
        using more = await bench.open();
        expect((await more.ended()).rest).toBe("");
      }
      const lines = () => bench.gateway.log.filter((line) => line.includes("address-limit"));
      await expect
        .poll(() => lines().some((line) => line.includes("leftOut")), { timeout: 5_000 })
        .toBe(true);
      expect(lines().length).toBeLessThan(30);
      for (const client of clients) client[Symbol.dispose]();
      await expect.poll(async () => (await bench.ask(get("/x")).catch(() => null))?.status).toBe(200);
    });
  });

  describe("of a listener that goes", () => {
    it("end: idle ones at once, busy ones with their answer", async () => {
      await using bench = await startBench({ settings: { transport } });
      const port = await freePort();
      const name = `port:127.0.0.1:${port}`;
      const table = tableOf(2, 1, [bench.target.target]);
      await bench.gateway.put({
        ...table,
        listeners: [{ name, host: "127.0.0.1", port }],
        routes: table.routes.map((route) => ({ ...route, listener: name })),
      });
      let go: () => void = () => undefined;
      bench.on("/half", async ({ write }) => {
        await write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        await write("lf");
      });
      using idle = await openRaw(port);
      await idle.exchange(get("/x"));
      using busy = await openRaw(port);
      await busy.send(get("/half"));
      await busy.reader.until("\r\n\r\n");
      await bench.gateway.put({ ...tableOf(3, 1, [bench.target.target]) });
      expect((await idle.ended()).rest).toBe("");
      go();
      expect(await busy.ended()).toEqual({ how: "fin", rest: "half" });
    });

    it("are told so when their answer has not begun, and the gateway's end waits for them", async () => {
      await using bench = await startBench({ settings: { transport } });
      let answer: () => Promise<void> = async () => undefined;
      bench.on("/soon", (exchange) => {
        answer = () => exchange.answer("soon");
      });
      const arrival = bench.target.arrival("/soon");
      using client = await bench.open();
      using half = await bench.open();
      await half.send("GET /half HTTP/1.1\r\nHo");
      using idle = await bench.open();
      await idle.exchange(get("/x"));
      await client.send(get("/soon"));
      await arrival;
      const ended = bench.gateway.end();
      await idle.ended();
      await answer();
      const response = await client.response();
      expect([response.status, fieldOf(response, "connection")]).toEqual([200, "close"]);
      expect(await ended).toBe(0);
    });
  });
});

import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fallenWorkers, get, startBench } from "../../support/conformance.ts";
import type { Exchange } from "../../support/scripted-target.ts";

const limits = { memoryBytes: 50_000, diskBytes: 8_000_000 };
const body = Buffer.alloc(6_000_000, "0123456789abcdef~");

function request(method: string, path: string, length = body.length): string {
  return `${method} ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;
}

describe.each(["raw", "net"])(
  "bodies that are kept until they are whole, on the %s transport",
  (transport) => {
    let spool: string;

    beforeEach(async () => {
      spool = await mkdtemp(join(tmpdir(), "cutover-spool-"));
    });

    afterEach(() => rm(spool, { recursive: true, force: true }));

    const start = (directory = spool) =>
      startBench({ settings: { transport, spool: directory }, policy: { bufferRequests: limits } });

    it("arrive to the letter, also at a target that takes them slowly", async () => {
      await using bench = await start();
      let got: Buffer = Buffer.alloc(0);
      bench.on("/slow", async (exchange) => {
        exchange.socket.pause();
        await bench.fence();
        exchange.socket.resume();
        got = await exchange.body();
        await exchange.answer("thanks");
      });
      using client = await bench.open();
      void client.send(request("POST", "/slow"));
      void client.send(body);
      expect((await client.response()).body.toString()).toBe("thanks");
      expect(got.equals(body)).toBe(true);
      expect((await client.exchange(get("/x"))).status).toBe(200);
      expect(await readdir(spool)).toEqual([]);
    });

    it("are sent again when the first target breaks off, if the method allows it", async () => {
      await using bench = await start();
      const lengths: number[] = [];
      const breakOnce = async (exchange: Exchange) => {
        if (lengths.length === 0) {
          lengths.push(-1);
          exchange.socket.resetAndDestroy();
          return;
        }
        lengths.push((await exchange.body()).length);
        await exchange.answer("done");
      };
      bench.on("/break", breakOnce);
      using client = await bench.open();
      void client.send(request("PUT", "/break"));
      void client.send(body);
      expect((await client.response()).body.toString()).toBe("done");
      expect(lengths).toEqual([-1, body.length]);
      lengths.length = 0;
      void client.send(request("POST", "/break"));
      void client.send(body);
      expect((await client.response()).status).toBe(502);
      expect(lengths).toEqual([-1]);
    });

    it("may be answered before they are read, and the connection goes on", async () => {
      await using bench = await start();
      bench.on("/early", async ({ write, gone }) => {
        await write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        await gone;
      });
      using client = await bench.open();
      void client.send(request("POST", "/early"));
      void client.send(body);
      const response = await client.response();
      expect([response.status, response.body.toString()]).toEqual([403, "no"]);
      expect((await client.exchange(get("/x"))).status).toBe(200);
    });

    it("are answered 503 where the spool can't be used, the log says so, and nothing ends", async () => {
      const file = join(spool, "file");
      await writeFile(file, "");
      await using bench = await start(join(file, "spool"));
      using client = await bench.open();
      void client.send(request("POST", "/x"));
      void client.send(body);
      expect((await client.response()).status).toBe(503);
      expect(bench.takeSeen()).toEqual([]);
      await expect.poll(() => bench.gateway.log.some((line) => line.includes("spool-failed"))).toBe(true);
      using small = await bench.open();
      await small.send(request("POST", "/x", 40_000));
      await bench.fence();
      expect((await small.exchange(body.subarray(0, 40_000))).status).toBe(200);
      expect((await bench.gateway.status()).workers[0]?.pid).toBe(bench.worker);
    });

    it("leave nothing that is found after a crash, and what is found is removed", async () => {
      await writeFile(join(spool, "cutover-body-1-1"), "left over");
      await writeFile(join(spool, "other"), "of somebody else");
      await using bench = await start();
      await expect.poll(() => readdir(spool), { timeout: 10_000 }).toEqual(["other"]);
      expect((await stat(spool)).isDirectory()).toBe(true);
      using client = await bench.open();
      await client.send(request("POST", "/x"));
      await client.send(body.subarray(0, 1_000_000));
      await bench.fence();
      process.kill(bench.worker, "SIGKILL");
      await client.ended();
      // The one that was killed, and no other.
      await expect.poll(() => fallenWorkers(bench.gateway).length).toBe(1);
      bench.gateway.log.length = 0;
      await expect.poll(() => readdir(spool), { timeout: 10_000 }).toEqual(["other"]);
    });
  },
);

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, postChunks, startBench } from "../../support/conformance.ts";
import { rule } from "../../support/rule.ts";

const memoryBytes = 20_000;
const diskBytes = 200_000;

describe("buffering of request bodies", () => {
  let bench: Bench;
  let spool: string;
  beforeAll(async () => {
    spool = await mkdtemp(join(tmpdir(), "cutover-spool-"));
    bench = await startBench({ policy: { bufferRequests: { memoryBytes, diskBytes } }, settings: { spool } });
    bench.on("/echo", async (exchange) => exchange.answer(await exchange.body()));
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    await rm(spool, { recursive: true });
  });

  for (const [where, size] of [
    ["in memory", memoryBytes - 1_000],
    ["on disk", diskBytes - 1_000],
  ] as const) {
    for (const framing of ["a length", "chunks"] as const) {
      rule(`RFC 9110 §7.6: a body by ${framing} that fits ${where} is sent when it is whole`, async () => {
        const body = "0123456789".repeat(size / 10);
        const half = size / 2;
        const parts =
          framing === "a length"
            ? [
                `POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${body.slice(0, half)}`,
                body.slice(half),
              ]
            : [
                postChunks("/echo", `${half.toString(16)}\r\n${body.slice(0, half)}\r\n`),
                `${half.toString(16)}\r\n${body.slice(half)}\r\n0\r\nX-T: 1\r\n\r\n`,
              ];
        bench.takeSeen();
        using client = await bench.open();
        await client.send(parts[0] ?? "");
        await bench.fence();
        await bench.fence();
        expect(bench.takeSeen()).toEqual([]);
        await client.send(parts[1] ?? "");
        expect((await client.response()).body.toString() === body).toBe(true);
        expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
        expect(await readdir(spool)).toEqual([]);
      });
    }
  }

  rule(
    "RFC 9110 §15.5.14: a body that fits neither is answered 413, and nothing reaches the target",
    async () => {
      const size = diskBytes + memoryBytes + 100_000;
      for (const bytes of [
        `POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`,
        postChunks("/echo", `${size.toString(16)}\r\n`),
      ]) {
        bench.takeSeen();
        using client = await bench.open();
        void client.send(bytes + "x".repeat(size));
        expect((await client.response()).status).toBe(413);
        await bench.fence();
        expect(bench.takeSeen()).toEqual([]);
      }
      expect(await readdir(spool)).toEqual([]);
    },
  );

  rule("RFC 9110 §10.1.1: the gateway itself says 100 where it is expected", async () => {
    using client = await bench.open();
    await client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect((await client.reader.until("\r\n\r\n")).toString()).toMatch(/^HTTP\/1\.1 100 /);
    expect((await client.exchange("hello")).body.toString()).toBe("hello");
  });

  rule("RFC 9112 §8: a client that leaves in the middle leaves nothing behind", async () => {
    bench.takeSeen();
    using client = await bench.open();
    await client.send(
      `POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${diskBytes}\r\n\r\n${"x".repeat(100_000)}`,
    );
    await bench.fence();
    client.reset();
    await expect.poll(() => readdir(spool)).toEqual([]);
    await bench.fence();
    expect(bench.takeSeen()).toEqual([]);
  });
});

describe("the largest body", () => {
  rule(
    "RFC 9110 §15.5.14: a body above the service's limit is answered 413, told by length or by chunks",
    async () => {
      await using bench = await startBench({ policy: { maxBodyBytes: 10_000 } });
      bench.on("/echo", async (exchange) => exchange.answer(await exchange.body()));
      const fits = "x".repeat(10_000);
      expect(
        (await bench.ask(`POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n${fits}`)).status,
      ).toBe(200);
      expect((await bench.ask(postChunks("/echo", `2710\r\n${fits}\r\n0\r\n\r\n`))).status).toBe(200);
      expect(
        (await bench.ask(`POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\nx`)).status,
      ).toBe(413);
      expect((await bench.ask(postChunks("/echo", `2711\r\n${fits}x\r\n`))).status).toBe(413);
    },
    20_000,
  );
});

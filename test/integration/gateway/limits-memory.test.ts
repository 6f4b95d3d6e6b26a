import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";

const megabyte = 1_048_576;

/** Memory of the worker that is its own, in bytes. */
async function memoryOf(bench: Bench): Promise<number> {
  const status = await readFile(`/proc/${bench.worker}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

async function many(bench: Bench, count: number, bytes: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () =>
    connect({ port: bench.gateway.httpPort, host: "127.0.0.1" }),
  );
  for (const socket of sockets) {
    socket.pause();
    socket.on("error", () => undefined);
    await once(socket, "connect");
    await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  }
  await bench.fence();
  return sockets;
}

/** Resolves when the gateway has no more than so many connections to its target. */
async function ended(bench: Bench, sockets: Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => bench.target.sockets.size, { timeout: 10_000 }).toBeLessThanOrEqual(4);
  for (let turn = 0; turn < 50; turn += 1) await bench.fence();
}

describe.each(["raw", "net"])("a worker's memory on the %s transport", (transport) => {
  it("is bounded while clients stop in the middle of downloads, and is used again", {
    timeout: 60_000,
  }, async () => {
    await using bench = await startBench({ settings: { transport } });
    const content = Buffer.alloc(10 * megabyte, "x");
    bench.on("/download", (exchange) => exchange.answer(content));
    const count = 60;
    const grown: number[] = [];
    const before = await memoryOf(bench);
    for (let round = 0; round < 2; round += 1) {
      const sockets = await many(bench, count, get("/download"));
      await expect.poll(() => bench.target.sockets.size).toBeGreaterThanOrEqual(count);
      // The target can write no more when nothing has moved for a while.
      const downloads = [...bench.target.sockets].filter(({ bytesWritten }) => bytesWritten > megabyte);
      const sent = () =>
        downloads.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
      for (let before = -1; before !== sent(); ) {
        before = sent();
        for (let turn = 0; turn < 20; turn += 1) await bench.fence();
      }
      grown.push((await memoryOf(bench)) - before);
      await ended(bench, sockets);
    }
    // A block that is lent and one that is read into for each, and what every connection costs.
    for (const bytes of grown) expect(bytes).toBeLessThan(count * (2 * 131_072 + 32_768) + 32 * megabyte);
  });

  it("is bounded while two thousand heads are half sent, and they are answered in the end", {
    timeout: 60_000,
  }, async () => {
    await using bench = await startBench({
      settings: { transport, "header-timeout": "2s", "max-connections-per-address": "5000" },
    });
    const count = 2_000;
    const before = await memoryOf(bench);
    const sockets = await many(bench, count, `GET / HTTP/1.1\r\nHost: h\r\nX: ${"y".repeat(3_000)}`);
    expect((await memoryOf(bench)) - before).toBeLessThan(count * 16_384 + 16 * megabyte);
    let answered = 0;
    await Promise.all(
      sockets.map(async (socket) => {
        socket.resume();
        const [first] = (await once(socket, "data")) as [Buffer];
        if (first.toString("latin1").startsWith("HTTP/1.1 408 ")) answered += 1;
      }),
    );
    expect(answered).toBe(count);
    for (const socket of sockets) socket.destroy();
    for (let turn = 0; turn < 50; turn += 1) await bench.fence();
    expect((await memoryOf(bench)) - before).toBeLessThan(count * 8_192 + 24 * megabyte);
  });
});

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";
import { rule } from "../../support/rule.ts";

const size = 8 << 20;
const bytes = randomBytes(size);
const hashOf = (part: Buffer) => createHash("sha1").update(part).digest("hex");
const whole = hashOf(bytes);

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  bench.on("/big", (exchange) => exchange.answer(bytes));
  bench.on("/echo", async (exchange) => {
    await exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    for (let missing = size; missing > 0; ) {
      const part = (await exchange.reader.some(missing)) ?? Buffer.alloc(0);
      if (part.length === 0) return exchange.socket.destroy();
      missing -= part.length;
      await exchange.write(part);
    }
    // The body is read: the connection goes on behind it.
    exchange.body = async () => Buffer.alloc(0);
  });
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Megabytes that the worker's process has at this moment. */
function memory(): number {
  const text = readFileSync(`/proc/${bench.worker}/status`, "latin1");
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

/** The least of several looks, between which the worker works: what it can't let go of. */
async function held(): Promise<number> {
  let least = memory();
  for (let round = 0; round < 30; round += 1) {
    await bench.fence();
    least = Math.min(least, memory());
  }
  return least;
}

/** Waits until the number grows no more while the gateway goes on to work. */
async function settled(count: () => number): Promise<number> {
  for (;;) {
    const before = count();
    for (let round = 0; round < 50; round += 1) await bench.fence();
    if (count() === before) return before;
  }
}

describe("bodies flow through", () => {
  rule("RFC 9110 §6.4: 8 MB of a response arrive whole", async () => {
    expect(hashOf((await bench.ask(get("/big"))).body)).toBe(whole);
  });

  rule("RFC 9110 §6.4: 8 MB go and come back while they are sent", async () => {
    using client = await bench.open();
    const sent = client.send(`POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
    void sent.then(() => client.send(bytes));
    expect(hashOf((await client.response()).body)).toBe(whole);
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9112 §7.1: 8 MB in chunks of any size arrive whole, in both directions", async () => {
    bench.on("/chunks", async (exchange) => {
      const hash = createHash("sha1");
      await exchange.body((part) => void hash.update(part));
      await exchange.write(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Hash: ${hash.digest("hex")}\r\n\r\n`,
      );
      for (const chunk of chunked()) await exchange.write(chunk);
    });
    using client = await bench.open();
    await client.send("POST /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const chunk of chunked()) await client.send(chunk);
    const response = await client.response();
    expect(response.head).toContain(whole);
    expect(hashOf(response.body)).toBe(whole);
  });

  rule("RFC 9110 §6.4: the first part of a body is passed on before the last is there", async () => {
    let go: () => void = () => undefined;
    bench.on("/slow", async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart");
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      await exchange.write("rest");
    });
    using client = await bench.open();
    await client.send(get("/slow"));
    await client.reader.until("part");
    go();
    expect((await client.reader.exactly(4)).toString()).toBe("rest");
  });

  function* chunked(): Generator<Buffer> {
    for (let at = 0, n = 1; at < size; n = (n * 7 + 13) % 98_317) {
      const part = bytes.subarray(at, at + 1 + n);
      at += part.length;
      yield Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
    }
    yield Buffer.from("0\r\n\r\n");
  }
});

describe("slow readers", () => {
  rule(
    "RFC 9293 §3.8.6: twenty that stop in 8 MB each hold little memory, and get all of it",
    async () => {
      await bench.ask(get("/big"));
      const before = await held();
      const clients = await Promise.all(Array.from({ length: 20 }, () => bench.open()));
      for (const client of clients) client.reader.hold();
      await Promise.all(clients.map((client) => client.send(get("/big"))));
      let most = before;
      for (let round = 0; round < 100; round += 1) {
        await bench.fence();
        most = Math.max(most, memory());
      }
      expect(most - before).toBeLessThan(60);
      for (const client of clients) {
        client.reader.release();
        expect(hashOf((await client.response()).body)).toBe(whole);
        client[Symbol.dispose]();
      }
    },
    30_000,
  );

  rule(
    "RFC 9293 §3.8.6: a gigabyte waits in its target while the client reads nothing, and then arrives",
    async () => {
      const total = 1 << 30;
      const block = Buffer.alloc(1 << 20, "gigabyte");
      let taken = 0;
      bench.on("/gigabyte", async (exchange) => {
        await exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
        for (taken = 0; taken < total; taken += block.length) await exchange.write(block);
      });
      // One that has been through such a wait has warmed up what the next one needs.
      using first = await bench.open();
      await first.send(get("/gigabyte"));
      await first.reader.exactly(100_000);
      first.reader.hold();
      await settled(() => taken);
      const arrival = bench.target.arrival("/gigabyte");
      first.reset();
      const before = await held();
      using client = await bench.open();
      await client.send(get("/gigabyte"));
      await arrival;
      await client.reader.exactly(100_000);
      client.reader.hold();
      const waiting = await settled(() => taken);
      expect(waiting).toBeLessThan(64 << 20);
      expect((await held()) - before).toBeLessThan(10);
      client.reader.release();
      let read = 100_000;
      for (let part = await client.reader.some(); part !== null; part = await client.reader.some()) {
        read += part.length;
        if (read > total) break;
      }
      expect(read).toBeGreaterThan(total);
      expect((await held()) - before).toBeLessThan(30);
    },
    60_000,
  );

  rule(
    "RFC 9293 §3.8.6: a gigabyte waits in its client while the target reads nothing",
    async () => {
      const block = Buffer.alloc(1 << 20, "gigabyte");
      let release: () => void = () => undefined;
      bench.on("/stops", async (exchange) => {
        exchange.reader.hold();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      });
      using client = await bench.open();
      const arrival = bench.target.arrival("/stops");
      await client.send("POST /stops HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n");
      const { gone, socket } = await arrival;
      const before = await held();
      let sent = 0;
      void (async () => {
        while (sent < 1 << 30 && !client.socket.destroyed) {
          await client.send(block);
          sent += block.length;
        }
      })();
      expect(await settled(() => sent)).toBeLessThan(64 << 20);
      expect((await held()) - before).toBeLessThan(10);
      client.reset();
      release();
      socket.resume();
      await gone;
    },
    60_000,
  );
});

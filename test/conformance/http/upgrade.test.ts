import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, piecesOf, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";
import type { Exchange } from "../../support/scripted-target.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const asking = (path: string, token: string, more = "") =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: ${token}\r\n${more}\r\n`;
const switching = (token: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${token}\r\n\r\n`;

/** Answers with 101, says HI and echoes until the client ends, then ends too. */
function echoes(path: string, token: string) {
  bench.on(path, async (exchange) => {
    await exchange.write(`${switching(token)}HI`);
    for (let part = await exchange.reader.some(); part !== null; part = await exchange.reader.some()) {
      await exchange.write(part);
    }
    exchange.socket.end();
  });
}

describe("Upgrade", () => {
  for (const token of ["websocket", "Custom/1.0", "TLS/1.0", "foo, bar/2"]) {
    rule(`RFC 9110 §7.8: ${token} is asked of the target, and bytes flow from the first one on`, async () => {
      echoes("/upgrade", token);
      const arrival = bench.target.arrival("/upgrade");
      using client = await bench.open();
      const response = await client.exchange(`${asking("/upgrade", token)}EARLY`);
      expect(response.status).toBe(101);
      expect(fieldOf(response, "upgrade")).toBe(token);
      expect(fieldOf(response, "connection")).toMatch(/^upgrade$/i);
      const { request } = await arrival;
      expect(fieldOf(request, "upgrade")).toBe(token);
      expect(fieldOf(request, "connection")).toMatch(/^upgrade$/i);
      expect((await client.reader.exactly(7)).toString()).toBe("HIEARLY");
      for (const text of ["ping1", "\x00\xff\r\n\r\n", get("/not-a-request")]) {
        await client.send(text);
        expect((await client.reader.exactly(text.length)).toString("latin1")).toBe(text);
      }
      client.end();
      expect(await client.ended()).toEqual({ how: "fin", rest: "" });
    });
  }

  rule("RFC 9110 §7.8: asked for with a body, it is granted after the body or not heeded", async () => {
    bench.on("/with-body", async (exchange) => {
      const body = await exchange.body();
      if (fieldOf(exchange.request, "upgrade") === null) return exchange.answer(body);
      await exchange.write(switching("x"));
      await exchange.write(body);
    });
    using client = await bench.open();
    const response = await client.exchange(
      "POST /with-body HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello",
    );
    const body = response.status === 101 ? await client.reader.exactly(5) : response.body;
    expect(body.toString()).toBe("hello");
  });

  rule(
    "RFC 9110 §7.8: Upgrade that Connection does not name is of the hop and asks for nothing",
    async () => {
      bench.takeSeen();
      const response = await bench.ask(get("/x", "Upgrade: websocket\r\n"));
      expect(response.status).toBe(200);
      const [exchange] = bench.takeSeen();
      expect(exchange && fieldOf(exchange.request, "upgrade")).toBeNull();
    },
  );

  rule("RFC 9110 §7.8: Upgrade of HTTP/1.0 is not heeded", async () => {
    bench.takeSeen();
    const response = await bench.ask("GET /x HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    expect(response.status).toBe(200);
    const [exchange] = bench.takeSeen();
    expect(exchange && fieldOf(exchange.request, "upgrade")).toBeNull();
  });

  rule("RFC 9113 §3.1: h2c is not asked for, and the request is answered over HTTP/1.1", async () => {
    bench.takeSeen();
    const response = await bench.ask(
      get(
        "/x",
        "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nUpgrade: h2c\r\n",
      ),
    );
    expect([response.status, response.body.toString()]).toEqual([200, "ok"]);
    const [exchange] = bench.takeSeen();
    expect(exchange && fieldOf(exchange.request, "upgrade")).toBeNull();
    expect(exchange && fieldOf(exchange.request, "http2-settings")).toBeNull();
  });

  rule("RFC 9110 §7.8: a target that refuses is heard, and the connection goes on or ends", async () => {
    bench.on("/refuses", (exchange) => exchange.answer("not here"));
    using client = await bench.open();
    const response = await client.exchange(asking("/refuses", "websocket"));
    expect([response.status, response.body.toString()]).toEqual([200, "not here"]);
    if (/close/i.test(fieldOf(response, "connection") ?? "")) return;
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9110 §7.8: a 101 that comes byte by byte is one", async () => {
    bench.on("/bytes", async (exchange) => {
      for (const piece of piecesOf(`${switching("x")}HI`)) {
        await exchange.write(piece);
        await bench.fence();
      }
    });
    using client = await bench.open();
    expect((await client.exchange(asking("/bytes", "x"))).status).toBe(101);
    expect((await client.reader.exactly(2)).toString()).toBe("HI");
  });
});

describe("an upgraded connection", () => {
  /** Both ends of an upgraded connection. */
  async function tunnel(path: string) {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bench.on(path, async (exchange) => {
      await exchange.write(switching("x"));
      await held;
    });
    const arrival = bench.target.arrival(path);
    const client = await bench.open();
    expect((await client.exchange(asking(path, "x"))).status).toBe(101);
    const target: Exchange = await arrival;
    return {
      client,
      target,
      [Symbol.dispose]() {
        client[Symbol.dispose]();
        release();
      },
    };
  }

  rule("RFC 9293 §3.6: the client's end reaches the target, which may go on", async () => {
    using both = await tunnel("/half-1");
    await both.client.send("last");
    both.client.end();
    expect((await both.target.reader.rest()).toString()).toBe("last");
    await both.target.write("after the client's end");
    both.target.socket.end();
    expect(await both.client.ended()).toEqual({ how: "fin", rest: "after the client's end" });
  });

  rule("RFC 9293 §3.6: the target's end reaches the client, which may go on", async () => {
    using both = await tunnel("/half-2");
    await both.target.write("last");
    both.target.socket.end();
    expect(await both.client.ended()).toEqual({ how: "fin", rest: "last" });
    await both.client.send("after the target's end");
    both.client.end();
    expect((await both.target.reader.rest()).toString()).toBe("after the target's end");
  });

  rule("RFC 9293 §3.5.2: a reset of the client ends the target's side", async () => {
    using both = await tunnel("/reset-1");
    both.client.reset();
    await both.target.gone;
  });

  rule("RFC 9293 §3.5.2: a reset of the target ends the client's side", async () => {
    using both = await tunnel("/reset-2");
    both.target.socket.resetAndDestroy();
    await both.client.ended();
  });

  rule("RFC 9110 §7.8: 8 MB pass in both directions at once, whole", async () => {
    using both = await tunnel("/much");
    const size = 8 << 20;
    const bytes = Buffer.alloc(size, "0123456789abcdef!");
    const [up, down] = await Promise.all([
      both.target.reader.exactly(size),
      both.client.reader.exactly(size),
      both.client.send(bytes),
      both.target.write(bytes),
    ]);
    expect([up.equals(bytes), down.equals(bytes)]).toEqual([true, true]);
  });
});

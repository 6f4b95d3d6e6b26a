import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const expecting = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
const continued = "HTTP/1.1 100 Continue\r\n\r\n";

describe("Expect: 100-continue", () => {
  rule(
    "RFC 9110 §10.1.1: the target's 100 comes before the body is sent, and the connection goes on",
    async () => {
      bench.on("/agrees", async (exchange) => {
        expect(fieldOf(exchange.request, "expect")).toBe("100-continue");
        await exchange.write(continued);
        await exchange.answer(await exchange.body());
      });
      using client = await bench.open();
      await client.send(expecting("/agrees"));
      expect((await client.reader.until("\r\n\r\n")).toString()).toMatch(/^HTTP\/1\.1 100 /);
      const response = await client.exchange("hello");
      expect([response.interim.length, response.body.toString()]).toEqual([0, "hello"]);
      expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
    },
  );

  rule("RFC 9110 §10.1.1: a target that is silent gets the body all the same", async () => {
    bench.on("/silent", async (exchange) => exchange.answer(await exchange.body()));
    using client = await bench.open();
    await client.send(expecting("/silent"));
    expect((await client.reader.until("\r\n\r\n")).toString()).toMatch(/^HTTP\/1\.1 100 /);
    expect((await client.exchange("hello")).body.toString()).toBe("hello");
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9110 §10.1.1: a target's 100 after the gateway's own is not told twice", async () => {
    bench.on("/late", async (exchange) => {
      const body = await exchange.body();
      await exchange.write(continued);
      await exchange.answer(body);
    });
    using client = await bench.open();
    await client.send(expecting("/late"));
    await client.reader.until("\r\n\r\n");
    const response = await client.exchange("hello");
    expect([response.interim.length, response.body.toString()]).toEqual([0, "hello"]);
  });

  for (const [what, status] of [
    ["417", "417 Expectation Failed"],
    ["a final answer", "413 Content Too Large"],
    ["a success", "200 OK"],
  ] as const) {
    rule(
      `RFC 9110 §10.1.1: ${what} without a 100 reaches the client, and what it sends next is not taken for a body`,
      async () => {
        const path = `/refuses-${status.slice(0, 3)}`;
        bench.on(path, async (exchange) => {
          await exchange.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
          exchange.socket.end();
        });
        bench.takeSeen();
        using client = await bench.open();
        const response = await client.exchange(expecting(path));
        expect([response.status, response.interim.length, response.body.toString()]).toEqual([
          Number(status.slice(0, 3)),
          0,
          "no",
        ]);
        // The client may leave the body out (then the connection must end) or send it.
        expect(fieldOf(response, "connection")).toMatch(/close/i);
        expect((await client.ended()).rest).toBe("");
      },
    );
  }

  rule("RFC 9110 §10.1.1: a client that does not wait sends its body at once", async () => {
    bench.on("/agrees-2", async (exchange) => {
      await exchange.write(continued);
      await exchange.answer(await exchange.body());
    });
    using client = await bench.open();
    const response = await client.exchange(`${expecting("/agrees-2")}hello${get("/x")}`);
    expect(response.body.toString()).toBe("hello");
    expect((await client.response()).body.toString()).toBe("ok");
  });

  rule("RFC 9110 §10.1.1: the name is not sensitive to case", async () => {
    bench.on("/agrees-3", async (exchange) => {
      await exchange.write(continued);
      await exchange.answer(await exchange.body());
    });
    using client = await bench.open();
    await client.send(
      "POST /agrees-3 HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    await client.reader.until("\r\n\r\n");
    expect((await client.exchange("5\r\nhello\r\n0\r\n\r\n")).body.toString()).toBe("hello");
  });
});

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect } from "vitest";
import {
  type Bench,
  expectRefused,
  get,
  piecesOf,
  postChunks,
  startBench,
} from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  bench.on("/hash", async (exchange) => {
    const body = await exchange.body();
    await exchange.answer(hashOf(body));
  });
});
afterAll(() => bench[Symbol.asyncDispose]());

const hashOf = (bytes: string | Buffer) => createHash("sha1").update(bytes).digest("hex");

describe("Content-Length", () => {
  const wrong: [what: string, lines: string][] = [
    ["two that agree", "Content-Length: 5\r\nContent-Length: 5\r\n"],
    ["two that differ", "Content-Length: 5\r\nContent-Length: 6\r\n"],
    ["a list that agrees", "Content-Length: 5, 5\r\n"],
    ["a list that differs", "Content-Length: 5, 6\r\n"],
    ["a plus sign", "Content-Length: +5\r\n"],
    ["a minus sign", "Content-Length: -5\r\n"],
    ["a hexadecimal number", "Content-Length: 0x5\r\n"],
    ["two numbers", "Content-Length: 5 5\r\n"],
    ["an empty value", "Content-Length:\r\n"],
    ["a fraction", "Content-Length: 5.0\r\n"],
    ["an exponent", "Content-Length: 5e0\r\n"],
    ["a number of twenty digits", "Content-Length: 99999999999999999999\r\n"],
    ["2^64 + 5", "Content-Length: 18446744073709551621\r\n"],
    ["2^53 + 1", "Content-Length: 9007199254740993\r\n"],
    ["digits of another script", "Content-Length: \xd9\xa5\r\n"],
    ["a quoted number", 'Content-Length: "5"\r\n'],
  ];
  for (const [what, lines] of wrong) {
    rule(`RFC 9112 §6.3: Content-Length with ${what} is answered 400`, () =>
      expectRefused(bench, `${get("/x", lines)}hello`, 400),
    );
  }

  rule("RFC 9110 §8.6: leading zeros pass as the same number", async () => {
    using client = await bench.open();
    const bytes = `POST /hash HTTP/1.1\r\nHost: h\r\nContent-Length: 0005\r\n\r\nhello${get("/after")}`;
    expect((await client.exchange(bytes)).body.toString()).toBe(hashOf("hello"));
    expect((await client.response()).body.toString()).toBe("ok");
  });

  rule("RFC 9110 §8.6: a POST without a body says so to the target", async () => {
    bench.takeSeen();
    await bench.ask("POST /empty HTTP/1.1\r\nHost: h\r\n\r\n");
    const [exchange] = bench.takeSeen();
    expect(exchange && fieldOf(exchange.request, "content-length")).toBe("0");
    expect(exchange && fieldOf(exchange.request, "transfer-encoding")).toBeNull();
  });

  rule("RFC 9110 §9.3.1: a GET with a body passes with its body", async () => {
    const response = await bench.ask("GET /hash HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    expect(response.body.toString()).toBe(hashOf("hello"));
  });
});

describe("Transfer-Encoding", () => {
  const wrong: [what: string, lines: string][] = [
    ["beside Content-Length", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
    ["before Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"],
    ["that is unknown", "Transfer-Encoding: xchunked\r\n"],
    ["chunked twice in a list", "Transfer-Encoding: chunked, chunked\r\n"],
    ["chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"],
    ["with another coding before", "Transfer-Encoding: gzip, chunked\r\n"],
    ["with another coding after", "Transfer-Encoding: chunked, gzip\r\n"],
    ["identity", "Transfer-Encoding: identity\r\n"],
    ["chunked and identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"],
    ["empty", "Transfer-Encoding:\r\n"],
    ["with a vertical tab", "Transfer-Encoding: \x0bchunked\r\n"],
    ["with white space before the colon", "Transfer-Encoding : chunked\r\n"],
    ["with a parameter", "Transfer-Encoding: chunked;q=1\r\n"],
    ["in quotes", 'Transfer-Encoding: "chunked"\r\n'],
    ["folded", "Transfer-Encoding:\r\n chunked\r\n"],
    ["with an empty element before", "Transfer-Encoding: , chunked\r\n"],
  ];
  for (const [what, lines] of wrong) {
    rule(`RFC 9112 §6.1: a transfer coding ${what} is refused`, () =>
      expectRefused(bench, `${get("/x", lines)}0\r\n\r\n`, 400, 501),
    );
  }

  rule("RFC 9112 §6.1: a transfer coding in an HTTP/1.0 request is refused", () =>
    expectRefused(bench, "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
  );

  rule("RFC 9112 §7: the name of the coding is not sensitive to case", async () => {
    const response = await bench.ask(
      "POST /hash HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ChunKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    expect(response.body.toString()).toBe(hashOf("hello"));
  });
});

describe("chunks", () => {
  const wrong: [what: string, chunks: string][] = [
    ["a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"],
    ["a space before a size", " 5\r\nhello\r\n0\r\n\r\n"],
    ["a space after a size", "5 \r\nhello\r\n0\r\n\r\n"],
    ["a tab after a size", "5\t\r\nhello\r\n0\r\n\r\n"],
    ["a bare LF after a size", "5\nhello\r\n0\r\n\r\n"],
    ["a bare CR after a size", "5\rhello\r\n0\r\n\r\n"],
    ["a chunk longer than its size", "5\r\nhelloXX0\r\n\r\n"],
    ["a bare LF after a chunk", "5\r\nhello\n0\r\n\r\n"],
    ["a bare CR after a chunk", "5\r\nhello\r0\r\n\r\n"],
    ["a minus sign", "-5\r\nhello\r\n0\r\n\r\n"],
    ["a plus sign", "+5\r\nhello\r\n0\r\n\r\n"],
    ["a letter above f", "g\r\n"],
    ["an empty size", "\r\n"],
    ["a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"],
    ["a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"],
    ["NUL in an extension", "5;a\x00b\r\nhello\r\n0\r\n\r\n"],
    ["an extension that is empty", "5;\r\nhello\r\n0\r\n\r\n"],
    ["a size of more than 64 bits", "100000000000000005\r\nhello\r\n0\r\n\r\n"],
    ["a size of 2^63", "8000000000000000\r\nhello"],
    ["an underscore in a size", "5_5\r\nhello\r\n0\r\n\r\n"],
    ["a size with a fraction", "5.0\r\nhello\r\n0\r\n\r\n"],
    ["a folded trailer", "5\r\nhello\r\n0\r\n X: folded\r\n\r\n"],
    ["a trailer without a colon", "5\r\nhello\r\n0\r\nA\r\n\r\n"],
    ["a bare LF after a trailer", "5\r\nhello\r\n0\r\nA: b\n\r\n"],
    ["white space before a trailer's colon", "5\r\nhello\r\n0\r\nA : b\r\n\r\n"],
    ["NUL in a trailer", "5\r\nhello\r\n0\r\nA: \x00\r\n\r\n"],
    ["a bare LF after the last chunk", "5\r\nhello\r\n0\n\r\n"],
    ["a bare LF at the end", "5\r\nhello\r\n0\r\n\n"],
  ];
  for (const [what, chunks] of wrong) {
    rule(`RFC 9112 §7.1: ${what} is answered 400, and no whole request reaches the target`, async () => {
      let whole = false;
      bench.on("/wrong", async (exchange) => {
        await exchange.body();
        whole = true;
        await exchange.answer("whole");
      });
      using client = await bench.open();
      const response = await client.exchange(postChunks("/wrong", chunks));
      expect(response.status).toBe(400);
      expect((await client.ended()).rest).toBe("");
      await bench.fence();
      expect(whole).toBe(false);
    });
  }

  rule("RFC 9112 §7.1.1: extensions are not understood as content", async () => {
    const chunks = '3;a\r\nhel\r\n02;a=b;c="d;e\\"f"\r\nlo\r\n0;last\r\n\r\n';
    const response = await bench.ask(postChunks("/hash", chunks));
    expect(response.body.toString()).toBe(hashOf("hello"));
  });

  rule("RFC 9112 §7.1: sizes have leading zeros and letters of both cases", async () => {
    const body = "x".repeat(171);
    const half = body.slice(0, 10);
    const response = await bench.ask(
      postChunks("/hash", `aB\r\n${body}\r\n00000A\r\n${half}\r\n000\r\n\r\n`),
    );
    expect(response.body.toString()).toBe(hashOf(body + half));
  });

  rule("RFC 9112 §7.1.2: trailers reach the target", async () => {
    bench.takeSeen();
    await bench.ask(
      postChunks("/trailers", "1\r\na\r\n0\r\nX-Sum: 42\r\nX-Two: b\r\n\r\n", "Trailer: X-Sum\r\n"),
    );
    expect(bench.takeSeen()[0]?.trailers).toEqual([
      ["X-Sum", "42"],
      ["X-Two", "b"],
    ]);
  });

  rule(
    "RFC 9110 §6.5.1: a trailer that says framing, routing or the client is refused or dropped",
    async () => {
      bench.takeSeen();
      for (const name of ["Content-Length", "Transfer-Encoding", "Host", "X-Forwarded-For", "X-Request-Id"]) {
        using client = await bench.open();
        const response = await client.exchange(postChunks("/trailers", `1\r\na\r\n0\r\n${name}: 1\r\n\r\n`));
        expect([200, 400]).toContain(response.status);
      }
      for (const { trailers } of bench.takeSeen()) expect(trailers).toEqual([]);
    },
  );
});

describe("bytes in any portion", () => {
  const two =
    "POST /hash HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `3\r\nhel\r\n02;a=b\r\nlo\r\n0\r\nX-Trail: 1\r\n\r\n${get("/after")}`;

  rule("RFC 9112 §2.1: two requests that come byte by byte are two requests", async () => {
    bench.takeSeen();
    using client = await bench.open();
    await client.sendParts(piecesOf(two), bench.fence);
    expect((await client.response()).body.toString()).toBe(hashOf("hello"));
    expect((await client.response()).body.toString()).toBe("ok");
    const [first] = bench.takeSeen();
    expect(first?.trailers).toEqual([["X-Trail", "1"]]);
  });

  rule("RFC 9112 §2.1: they may be cut in two anywhere", async () => {
    for (let cut = 1; cut < two.length; cut += 1) {
      using client = await bench.open();
      await client.sendParts([two.slice(0, cut), two.slice(cut)], bench.fence);
      expect([cut, (await client.response()).body.toString()]).toEqual([cut, hashOf("hello")]);
      expect([cut, (await client.response()).body.toString()]).toEqual([cut, "ok"]);
    }
  });

  rule("RFC 9112 §2.1: a wrong request that comes byte by byte is refused as well", async () => {
    using client = await bench.open();
    await client.sendParts(piecesOf("GET /x HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n"), bench.fence);
    expect((await client.response()).status).toBe(400);
    expect((await client.ended()).rest).toBe("");
  });
});

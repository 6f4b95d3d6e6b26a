import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, post, postChunks, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  bench.on("/hash", async (exchange) => {
    await exchange.answer(hashOf(await exchange.body()));
  });
  bench.on("/chunks", (exchange) =>
    exchange.write(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
    ),
  );
  bench.on("/head", (exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  bench.on("/204", (exchange) => exchange.write("HTTP/1.1 204 No Content\r\n\r\n"));
  bench.on("/304", (exchange) =>
    exchange.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: "x"\r\n\r\n'),
  );
  bench.on("/number", (exchange) => exchange.answer(exchange.url));
});
afterAll(() => bench[Symbol.asyncDispose]());

const hashOf = (bytes: string | Buffer) => createHash("sha1").update(bytes).digest("hex");

describe("persistence", () => {
  rule("RFC 9112 §9.3: a connection goes on after each answer", async () => {
    using client = await bench.open();
    for (let round = 0; round < 5; round += 1) {
      const response = await client.exchange(get(`/number?${round}`));
      expect(response.body.toString()).toBe(`/number?${round}`);
      expect(fieldOf(response, "connection") ?? "keep-alive").toMatch(/^keep-alive$/i);
    }
  });

  rule("RFC 9112 §9.6: Connection: close ends the connection after the answer, and says so", async () => {
    using client = await bench.open();
    const response = await client.exchange(get("/x", "Connection: close\r\n"));
    expect(fieldOf(response, "connection")).toMatch(/close/i);
    expect(response.body.toString()).toBe("ok");
    expect(await client.ended()).toEqual({ how: "fin", rest: "" });
  });

  rule("RFC 9112 §9.6: close stands in a list, in any letters, in a second field", async () => {
    for (const fields of [
      "Connection: x-a, CLOSE\r\n",
      "Connection: keep-alive\r\nConnection: close\r\n",
      "Connection: close, keep-alive\r\n",
    ]) {
      using client = await bench.open();
      await client.exchange(get("/x", fields));
      expect(await client.ended()).toEqual({ how: "fin", rest: "" });
    }
  });

  rule("RFC 9112 §9.6: a request after one with Connection: close is not carried out", async () => {
    bench.takeSeen();
    using client = await bench.open();
    await client.exchange(get("/x", "Connection: close\r\n") + get("/never"));
    expect((await client.ended()).rest).toBe("");
    await bench.fence();
    expect(bench.takeSeen().map(({ path }) => path)).toEqual(["/x"]);
  });

  rule("RFC 9112 §9.3: connections to a target are used again", async () => {
    bench.takeSeen();
    for (let round = 0; round < 20; round += 1) await bench.ask(get("/x"));
    expect(new Set(bench.takeSeen().map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
  });

  rule("RFC 9112 §9.3: a connection that the target closed while it was idle fails no request", async () => {
    for (let round = 0; round < 10; round += 1) {
      const closed = [...bench.target.sockets].map((socket) => {
        const gone = once(socket, "close");
        socket.end();
        return gone;
      });
      await Promise.all(closed);
      expect((await bench.ask(post("/hash", "hello"))).body.toString()).toBe(hashOf("hello"));
      expect((await bench.ask(get("/x"))).body.toString()).toBe("ok");
    }
  });

  rule("RFC 9112 §9.3.1: a target that closes right after its answer fails no request", async () => {
    bench.on("/then-close", async (exchange) => {
      await exchange.answer("ok");
      exchange.socket.end();
    });
    for (let round = 0; round < 50; round += 1) {
      const response = await bench.ask(get("/then-close"));
      expect([response.status, response.body.toString()]).toEqual([200, "ok"]);
    }
  });

  rule(
    "RFC 9112 §9.6: a target that says Connection: close gets no second request on that connection",
    async () => {
      bench.on("/says-close", (exchange) => exchange.answer("ok", "Connection: close\r\n"));
      using client = await bench.open();
      bench.takeSeen();
      await client.exchange(get("/says-close"));
      await client.exchange(get("/says-close"));
      const [first, second] = bench.takeSeen();
      expect(first?.connection).not.toBe(second?.connection);
    },
  );
});

describe("pipelining", () => {
  rule("RFC 9112 §9.3.2: seven requests of all kinds are answered in their order", async () => {
    using client = await bench.open();
    bench.takeSeen();
    await client.send(
      get("/number?1") +
        get("/chunks") +
        post("/hash", "hello") +
        "HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n" +
        get("/204") +
        get("/304") +
        get("/number?7"),
    );
    expect((await client.response()).body.toString()).toBe("/number?1");
    const chunked = await client.response();
    expect(chunked.body.toString()).toBe("hello world");
    expect(chunked.trailers).toEqual([["X-T", "1"]]);
    expect((await client.response()).body.toString()).toBe(hashOf("hello"));
    expect(fieldOf(await client.response({ method: "HEAD" }), "content-length")).toBe("100");
    expect((await client.response()).status).toBe(204);
    const unchanged = await client.response();
    expect([unchanged.status, fieldOf(unchanged, "etag")]).toEqual([304, '"x"']);
    expect((await client.response()).body.toString()).toBe("/number?7");
    expect(bench.takeSeen()).toHaveLength(7);
  });

  rule("RFC 9112 §9.3.2: two hundred at once are answered in their order", async () => {
    using client = await bench.open();
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    await client.send(
      numbers.map((n) => (n % 3 === 0 ? post(`/number?${n}`, "body") : get(`/number?${n}`))).join(""),
    );
    for (const n of numbers) expect((await client.response()).body.toString()).toBe(`/number?${n}`);
  });

  rule(
    "RFC 9112 §9.3.2: a wrong request behind good ones is answered after them, and is the last",
    async () => {
      bench.takeSeen();
      using client = await bench.open();
      await client.send(`${get("/number?1")}${get("/number?2")}${get("/x", "A : b\r\n")}${get("/never")}`);
      expect((await client.response()).body.toString()).toBe("/number?1");
      expect((await client.response()).body.toString()).toBe("/number?2");
      expect((await client.response()).status).toBe(400);
      expect((await client.ended()).rest).toBe("");
      await bench.fence();
      expect(bench.takeSeen().map(({ url }) => url)).toEqual(["/number?1", "/number?2"]);
    },
  );

  rule("RFC 9112 §9.3.2: an answer that fails does not take the place of the next one", async () => {
    bench.on("/breaks", (exchange) => exchange.socket.destroy());
    using client = await bench.open();
    await client.send(`${post("/breaks", "x")}${get("/number?2")}`);
    expect((await client.response()).status).toBe(502);
    const { rest } = await client.response().then(
      async (response) => ({ rest: response.body.toString() }),
      () => client.ended(),
    );
    expect(["", "/number?2"]).toContain(rest);
  });
});

describe("half-closed connections", () => {
  rule("RFC 9112 §9.6: a client that has ended its side gets its answer", async () => {
    bench.on("/late", async (exchange) => {
      await bench.fence();
      await exchange.answer("late");
    });
    using client = await bench.open();
    await client.send(get("/late"));
    client.end();
    expect((await client.response()).body.toString()).toBe("late");
    expect(await client.ended()).toEqual({ how: "fin", rest: "" });
  });

  rule("RFC 9112 §9.6: so do all of the requests in its pipe", async () => {
    using client = await bench.open();
    await client.send(get("/number?1") + get("/number?2") + post("/number?3", "body"));
    client.end();
    for (const n of [1, 2, 3]) expect((await client.response()).body.toString()).toBe(`/number?${n}`);
    expect(await client.ended()).toEqual({ how: "fin", rest: "" });
  });

  rule("RFC 9112 §8: a client that ends its side within a head gets nothing carried out", async () => {
    bench.takeSeen();
    using client = await bench.open();
    await client.send("GET /cut HTTP/1.1\r\nHost: h\r\n");
    client.end();
    await client.ended();
    await bench.fence();
    expect(bench.takeSeen()).toEqual([]);
  });

  for (const [what, bytes] of [
    ["a length", "POST /cut HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"],
    ["chunks", postChunks("/cut", "4\r\nhalf\r\n")],
  ] as const) {
    rule(`RFC 9112 §8: a body by ${what} that ends too early is no request for the target`, async () => {
      let whole = false;
      let parts = "";
      bench.on("/cut", async (exchange) => {
        await exchange.body((part) => {
          parts += part.toString();
        });
        whole = true;
      });
      using client = await bench.open();
      const arrival = bench.target.arrival("/cut");
      await client.send(bytes);
      const { gone } = await arrival;
      client.end();
      await gone;
      expect([whole, parts]).toEqual([false, "half"]);
    });
  }
});

describe("clients that leave", () => {
  rule("RFC 9110 §7.8: one that breaks off frees the target at once", async () => {
    bench.on("/hang", ({ gone }) => gone);
    using client = await bench.open();
    const arrival = bench.target.arrival("/hang");
    await client.send(get("/hang"));
    const { gone } = await arrival;
    client.reset();
    await gone;
  });

  rule("RFC 9112 §9.5: one that breaks off in the middle of a response frees the target", async () => {
    bench.on("/stream", async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      while (!exchange.socket.destroyed) await exchange.write(`400\r\n${"x".repeat(1024)}\r\n`);
    });
    using client = await bench.open();
    const arrival = bench.target.arrival("/stream");
    await client.send(get("/stream"));
    await client.reader.exactly(100_000);
    const { gone } = await arrival;
    client.reset();
    await gone;
  });

  rule("RFC 9112 §9.5: one that breaks off in the middle of its body frees the target", async () => {
    bench.on("/upload", (exchange) => exchange.body());
    using client = await bench.open();
    const arrival = bench.target.arrival("/upload");
    await client.send("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\npart");
    const { gone } = await arrival;
    client.reset();
    await gone;
  });
});

describe("HTTP/1.0", () => {
  rule("RFC 9112 §9.3: a connection of HTTP/1.0 ends after the answer", async () => {
    using client = await bench.open();
    const response = await client.exchange("GET /x HTTP/1.0\r\n\r\n");
    expect(response.body.toString()).toBe("ok");
    expect(await client.ended()).toEqual({ how: "fin", rest: "" });
  });

  rule("RFC 9112 appendix C.2.2: it goes on when the client asks for it, and is told so", async () => {
    using client = await bench.open();
    for (let round = 0; round < 3; round += 1) {
      const response = await client.exchange("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      expect(fieldOf(response, "connection")).toMatch(/^keep-alive$/i);
      expect(response.body.toString()).toBe("ok");
    }
  });

  rule("RFC 9112 §6.1: a client of HTTP/1.0 gets no chunks, and no transfer coding", async () => {
    for (const fields of ["", "Connection: keep-alive\r\n"]) {
      using client = await bench.open();
      const response = await client.exchange(`GET /chunks HTTP/1.0\r\n${fields}\r\n`);
      expect(fieldOf(response, "transfer-encoding")).toBeNull();
      expect(fieldOf(response, "trailer")).toBeNull();
      expect(response.body.toString()).toBe("hello world");
      expect((await client.ended()).how).toBe("fin");
    }
  });

  rule("RFC 9110 §15.2: a client of HTTP/1.0 gets no interim response", async () => {
    bench.on("/hints", async (exchange) => {
      await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      await exchange.answer("ok");
    });
    const response = await bench.ask("GET /hints HTTP/1.0\r\n\r\n");
    expect([response.status, response.interim.length]).toEqual([200, 0]);
  });

  rule("RFC 9112 §6.3: a request of HTTP/1.0 has a body by its length", async () => {
    const response = await bench.ask("POST /hash HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");
    expect(response.body.toString()).toBe(hashOf("hello"));
  });

  rule("RFC 9112 §2.3: the answer says HTTP/1.1 and the target is asked with HTTP/1.1", async () => {
    bench.takeSeen();
    const response = await bench.ask("GET /x HTTP/1.0\r\n\r\n");
    expect(response.version).toBe("HTTP/1.1");
    expect(bench.takeSeen()[0]?.request.startLine).toBe("GET /x HTTP/1.1");
  });

  rule("RFC 9110 §10.1.1: 100-continue of HTTP/1.0 is not heeded", async () => {
    const response = await bench.ask(
      "POST /hash HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    );
    expect([response.interim.length, response.body.toString()]).toEqual([0, hashOf("hello")]);
  });
});

import { afterAll, beforeAll, describe, expect } from "vitest";
import { ConnectionEnded } from "../../support/byte-reader.ts";
import { type Bench, get, piecesOf, startBench } from "../../support/conformance.ts";
import { fieldOf, type ResponseText, valuesOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** A target that says these bytes, cut as given, and then goes on or closes. */
function says(path: string, bytes: string, then: "go on" | "close" | "reset" = "go on") {
  bench.on(path, async (exchange) => {
    await exchange.write(bytes);
    if (then === "close") exchange.socket.end();
    if (then === "reset") exchange.socket.resetAndDestroy();
  });
}

describe("interim responses", () => {
  rule("RFC 8297 §2: 103 comes before the answer, to the letter", async () => {
    says(
      "/103",
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    const { interim, body } = await bench.ask(get("/103"));
    expect(interim.map(({ startLine }) => startLine)).toEqual(["HTTP/1.1 103 Early Hints"]);
    expect(interim[0] && fieldOf(interim[0], "link")).toBe("</a>");
    expect(body.toString()).toBe("ok");
  });

  rule("RFC 9110 §15.2: several pass in their order, each as soon as it is there", async () => {
    let go: () => void = () => undefined;
    bench.on("/several", async (exchange) => {
      await exchange.write("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n");
      await exchange.answer("ok");
    });
    using client = await bench.open();
    await client.send(get("/several"));
    expect((await client.reader.until("\r\n\r\n")).toString()).toMatch(/^HTTP\/1\.1 102 /);
    expect((await client.reader.until("\r\n\r\n")).toString()).toContain("Link: </a>");
    go();
    const response = await client.response();
    expect([response.interim.length, response.body.toString()]).toEqual([1, "ok"]);
  });

  rule("RFC 9110 §15.2: a status of 1xx that nobody knows passes", async () => {
    says("/199", "HTTP/1.1 199 Whatever\r\nX-A: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const { interim, status } = await bench.ask(get("/199"));
    expect([interim.map(({ startLine }) => startLine.slice(0, 12)), status]).toEqual([["HTTP/1.1 199"], 200]);
  });

  rule("RFC 9110 §15.2.2: a 101 that nobody asked for is answered 502", async () => {
    says("/101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    expect((await bench.ask(get("/101"))).status).toBe(502);
  });
});

describe("responses without a body", () => {
  rule("RFC 9112 §6.3: HEAD has none, whatever its fields say", async () => {
    for (const [path, fields] of [
      ["/head-length", "Content-Length: 100\r\n"],
      ["/head-chunked", "Transfer-Encoding: chunked\r\n"],
      ["/head-none", ""],
    ] as const) {
      says(path, `HTTP/1.1 200 OK\r\n${fields}ETag: "a"\r\n\r\n`);
      using client = await bench.open();
      const response = await client.exchange(`HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`, { method: "HEAD" });
      expect([response.status, fieldOf(response, "etag")]).toEqual([200, '"a"']);
      if (path === "/head-length") expect(fieldOf(response, "content-length")).toBe("100");
      expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
    }
  });

  rule("RFC 9110 §15.3.5: 204 has none, and the connection goes on", async () => {
    says("/204", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n");
    using client = await bench.open();
    const response = await client.exchange(get("/204"));
    expect([response.status, fieldOf(response, "transfer-encoding")]).toEqual([204, null]);
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9110 §15.4.5: 304 has none though it tells a length, and the connection goes on", async () => {
    says("/304", 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: "x"\r\n\r\n');
    using client = await bench.open();
    const response = await client.exchange(get("/304", 'If-None-Match: "x"\r\n'));
    expect([response.status, fieldOf(response, "etag")]).toEqual([304, '"x"']);
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9112 §6.3: a length of 0 is a whole answer", async () => {
    says("/zero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    using client = await bench.open();
    expect((await client.exchange(get("/zero"))).body.length).toBe(0);
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });
});

describe("bodies of responses", () => {
  rule("RFC 9112 §2.1: a response that comes byte by byte is the same response", async () => {
    const bytes =
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Drop\r\nX-Drop: 1\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\nX-Keep: 2\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    bench.on("/bytes", async (exchange) => {
      for (const piece of piecesOf(bytes)) {
        await exchange.write(piece);
        await bench.fence();
      }
    });
    using client = await bench.open();
    const response = await client.exchange(get("/bytes"));
    expect(response.body.toString()).toBe("hello");
    expect([fieldOf(response, "x-keep"), fieldOf(response, "x-drop")]).toEqual(["2", null]);
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
  });

  rule("RFC 9112 §2.1: a response may be cut in two anywhere", async () => {
    const bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n";
    let cut = 0;
    bench.on("/cut", async (exchange) => {
      await exchange.write(bytes.slice(0, cut));
      await bench.fence();
      await exchange.write(bytes.slice(cut));
    });
    using client = await bench.open();
    for (cut = 1; cut < bytes.length; cut += 1) {
      const response = await client.exchange(get("/cut"));
      expect([cut, response.body.toString(), response.trailers]).toEqual([cut, "hello", [["X-T", "1"]]]);
    }
  });

  rule("RFC 9112 §6.3: a body that ends with the connection passes to its end", async () => {
    bench.on("/until-close", async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\n\r\nabc");
      await bench.fence();
      exchange.socket.end("def");
    });
    const response = await bench.ask(get("/until-close"));
    expect([response.body.toString(), response.framing === "length"]).toEqual(["abcdef", false]);
  });

  rule(
    "RFC 9112 §2.3: an answer of an HTTP/1.0 target is passed on as HTTP/1.1, and the connection goes on",
    async () => {
      says("/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "close");
      using client = await bench.open();
      await client.send(get("/1.0") + get("/x"));
      const response = await client.response();
      expect([response.version, response.body.toString()]).toEqual(["HTTP/1.1", "ok"]);
      expect((await client.response()).body.toString()).toBe("ok");
    },
  );

  rule("RFC 9112 §6.1: a transfer coding in an HTTP/1.0 response is answered 502", async () => {
    says("/1.0-chunked", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    expect((await bench.ask(get("/1.0-chunked"))).status).toBe(502);
  });

  rule("RFC 9112 §7.1.2: trailers reach the client", async () => {
    says(
      "/trailers",
      "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n",
    );
    const response = await bench.ask(get("/trailers"));
    expect([fieldOf(response, "trailer"), response.trailers]).toEqual(["X-Sum", [["X-Sum", "42"]]]);
  });

  rule("RFC 9110 §5.3: Set-Cookie fields stay apart and in order", async () => {
    says("/cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n");
    expect(valuesOf(await bench.ask(get("/cookies")), "set-cookie")).toEqual(["a=1", "b=2"]);
  });

  rule("RFC 9112 §4: the reason passes to the letter, also an empty one", async () => {
    says("/reason", "HTTP/1.1 299 Not  quite \xe4\r\nContent-Length: 0\r\n\r\n");
    expect((await bench.ask(get("/reason"))).startLine).toBe("HTTP/1.1 299 Not  quite \xe4");
    says("/no-reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
    expect((await bench.ask(get("/no-reason"))).startLine).toBe("HTTP/1.1 200 ");
  });

  rule(
    "RFC 9110 §15.5.14: an answer that comes before the body's end reaches the client at once",
    async () => {
      bench.on("/early", async (exchange) => {
        await exchange.write(
          "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
        );
        await exchange.body(() => undefined);
      });
      using client = await bench.open();
      const response = await client.exchange(
        "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nbegin",
      );
      expect([response.status, response.body.toString()]).toEqual([413, "no"]);
    },
  );

  rule(
    "RFC 9112 §9.3: an early answer and a body that is sent to its end leave a connection that goes on or ends",
    async () => {
      bench.on("/early-2", async (exchange) => {
        await exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await exchange.body(() => undefined);
      });
      using client = await bench.open();
      const body = "x".repeat(300_000);
      await client.send(`POST /early-2 HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`);
      const response = await client.response();
      expect(response.body.toString()).toBe("ok");
      await client.send(`${body}${get("/x")}`);
      const next = await client.response().catch((error: unknown) => error);
      if (next instanceof Error) expect(next).toBeInstanceOf(ConnectionEnded);
      else expect(next).toMatchObject({ status: 200 });
    },
  );
});

describe("responses that break off", () => {
  const broken: [what: string, path: string, bytes: string, then: "close" | "reset"][] = [
    ["fewer bytes than the length", "/b1", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "close"],
    ["a reset within a length", "/b2", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "reset"],
    [
      "an end within a chunk",
      "/b3",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
      "close",
    ],
    ["no last chunk", "/b4", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "close"],
    [
      "an end within trailers",
      "/b5",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b",
      "close",
    ],
    ["a reset where the end tells the end", "/b6", "HTTP/1.1 200 OK\r\n\r\nabc", "reset"],
    [
      "a chunk that is wrong",
      "/b7",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n",
      "close",
    ],
    [
      "a chunk longer than its size",
      "/b8",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
      "close",
    ],
  ];
  for (const [what, path, bytes, then] of broken) {
    rule(`RFC 9112 §8: a client can tell a response that is cut short by ${what}`, async () => {
      bench.on(path, async (exchange) => {
        await exchange.write(bytes);
        await bench.fence();
        if (then === "close") exchange.socket.end();
        else exchange.socket.resetAndDestroy();
      });
      using client = await bench.open();
      const outcome = await client.exchange(get(path)).catch((error: unknown) => error);
      if (outcome instanceof ConnectionEnded) return;
      // Nothing of it had been passed on, or the connection's end is the response's: a reset tells that it was none.
      if ((outcome as ResponseText).status === 502) return;
      expect(outcome).toMatchObject({ framing: "close" });
      expect(client.reader.ending).toBe("reset");
    });
  }

  rule("RFC 9112 §6.3: a client of HTTP/1.0 can tell chunks that were cut short by a reset", async () => {
    bench.on("/b10", async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      await bench.fence();
      exchange.socket.end();
    });
    using client = await bench.open();
    await client.exchange("GET /b10 HTTP/1.0\r\n\r\n").catch(() => undefined);
    expect(client.reader.ending).toBe("reset");
  });
});

describe("responses that are none", () => {
  const wrong: [what: string, bytes: string][] = [
    [
      "Content-Length and Transfer-Encoding",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"],
    ["two lengths that agree", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"],
    ["a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"],
    ["a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"],
    ["a length that is too large", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok"],
    ["an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok"],
    ["a transfer coding that is unknown", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok"],
    ["a coding before chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    [
      "chunked twice",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n garbage garbage"],
    ["the answer of HTTP/0.9", "<html>hello</html>\r\n\r\n"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["small letters", "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["a status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["a tab in the status line", "HTTP/1.1\t200\tOK\r\nContent-Length: 2\r\n\r\nok"],
    ["NUL in the reason", "HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nok"],
    ["bare LFs", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
    ["a bare CR in a value", "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 2\r\n\r\nok"],
    ["NUL in a value", "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 2\r\n\r\nok"],
    ["white space before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok"],
    ["a line without a colon", "HTTP/1.1 200 OK\r\nA\r\nContent-Length: 2\r\n\r\nok"],
    ["an empty name", "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok"],
    [
      "a head of a hundred kilobytes",
      `HTTP/1.1 200 OK\r\nA: ${"b".repeat(100_000)}\r\nContent-Length: 2\r\n\r\nok`,
    ],
  ];
  for (const [index, [what, bytes]] of wrong.entries()) {
    rule(
      `RFC 9112 §6.3: ${what} from a target is answered 502, and the connection is not used again`,
      async () => {
        const path = `/none-${index}`;
        says(path, bytes);
        const arrival = bench.target.arrival(path);
        using client = await bench.open();
        const response = await client.exchange(post(path));
        expect(response.status).toBe(502);
        const { connection } = await arrival;
        bench.takeSeen();
        expect((await bench.ask(get("/x"))).body.toString()).toBe("ok");
        expect(bench.takeSeen()[0]?.connection).not.toBe(connection);
      },
    );
  }

  rule("RFC 9110 §15.6.3: a target that closes without an answer is answered 502", async () => {
    bench.on("/closes", (exchange) => exchange.socket.destroy());
    expect((await bench.ask(post("/closes"))).status).toBe(502);
  });

  rule("RFC 9110 §15.6.3: a target that closes within the head is answered 502", async () => {
    bench.on("/closes-2", (exchange) => exchange.socket.end("HTTP/1.1 200 OK\r\nContent-"));
    expect((await bench.ask(post("/closes-2"))).status).toBe(502);
  });

  rule("RFC 9112 §9.3: bytes after a response never reach anyone", async () => {
    const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";
    for (const [path, answer] of [
      ["/extra-length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
      ["/extra-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
      ["/extra-204", "HTTP/1.1 204 No Content\r\n\r\n"],
      ["/extra-304", "HTTP/1.1 304 Not Modified\r\n\r\n"],
    ] as const) {
      let answered = Promise.withResolvers<void>();
      bench.on(path, async (exchange) => {
        if (!exchange.url.endsWith("?late")) return exchange.write(answer + poison);
        await exchange.write(answer);
        await answered.promise;
        await exchange.write(poison);
      });
      for (const url of [path, `${path}?late`]) {
        answered = Promise.withResolvers();
        const arrival = bench.target.arrival(path);
        using client = await bench.open();
        expect((await client.exchange(get(url))).body.toString()).toMatch(/^(ok)?$/);
        answered.resolve();
        await (await arrival).gone;
        for (let round = 0; round < 3; round += 1) {
          expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
          expect((await bench.ask(get("/x"))).body.toString()).toBe("ok");
        }
      }
    }
  });

  rule("RFC 9110 §9.3.2: a body in the answer to HEAD never reaches anyone", async () => {
    says("/head-body", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON");
    using client = await bench.open();
    const response = await client.exchange("HEAD /head-body HTTP/1.1\r\nHost: h\r\n\r\n", { method: "HEAD" });
    expect(response.status).toBe(200);
    for (let round = 0; round < 3; round += 1) {
      expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
    }
  });

  /** A request that is sent once only, so that what its target says is said once. */
  function post(path: string): string {
    return `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`;
  }
});

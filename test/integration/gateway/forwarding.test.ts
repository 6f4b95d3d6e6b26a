import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { rawClient, startTarget, type TestTarget, tableOf } from "../../support/gateway-target.ts";

let gateway: TestGateway;
let target: TestTarget;
let serve: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  gateway = await startGateway();
  target = await startTarget((incoming, response) => serve(incoming, response));
  await gateway.put(tableOf(1, 1, [target.target]));
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await target.stop();
});

const download = randomBytes(10 * 1024 * 1024);

describe("requests", () => {
  test("carry the gateway's own forwarding fields, and none that a client made up", async () => {
    serve = (_incoming, response) => response.end();
    await fetch(`${gateway.url}/path?query=1`, {
      headers: {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil",
        "X-Real-IP": "6.6.6.6",
        Forwarded: "for=6.6.6.6",
        X_Forwarded_For: "6.6.6.6",
        X_Kept: "too",
        "X-Kept": "yes",
      },
    });
    const seen = target.seen.at(-1);
    expect(seen?.url).toBe("/path?query=1");
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${gateway.httpPort}`,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": `127.0.0.1:${gateway.httpPort}`,
      "x-forwarded-port": String(gateway.httpPort),
      "x-real-ip": "127.0.0.1",
      via: "1.1 cutover",
      "x-kept": "yes",
    });
    expect(seen?.headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
    expect(seen?.headers.forwarded).toBeUndefined();
    expect(seen?.headers).not.toHaveProperty("x_forwarded_for");
    expect(seen?.headers.x_kept).toBe("too");
  });

  test("lose hop-by-hop fields and those that Connection names", async () => {
    serve = (_incoming, response) => {
      response.setHeader("Connection", "X-Hop");
      response.setHeader("X-Hop", "1");
      response.setHeader("X-End", "1");
      response.end();
    };
    using client = await rawClient(gateway.httpPort);
    client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n\r\n",
    );
    const text = await client.until((seen) => seen.includes("\r\n\r\n"));
    expect(target.seen.at(-1)?.headers).not.toHaveProperty("x-secret");
    expect(target.seen.at(-1)?.headers).not.toHaveProperty("te");
    expect(text).toContain("X-End: 1");
    expect(text).not.toContain("X-Hop");
  });

  test("bodies arrive whole, by length and in chunks, with trailers", async () => {
    const hashes: string[] = [];
    serve = (incoming, response) => {
      const hash = createHash("sha256");
      incoming.on("data", (chunk: Buffer) => hash.update(chunk));
      incoming.on("end", () => {
        hashes.push(hash.digest("hex"));
        response.end(JSON.stringify([incoming.headers["content-length"] ?? null, incoming.trailers]));
      });
    };
    const byLength = await fetch(gateway.url, { method: "POST", body: download });
    expect(await byLength.json()).toEqual([String(download.length), {}]);
    const call = request({ port: gateway.httpPort, method: "PUT", headers: { Trailer: "X-Sum" } });
    call.write(download.subarray(0, 5_000_000));
    call.write(download.subarray(5_000_000));
    call.addTrailers({ "X-Sum": "42" });
    call.end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    expect(JSON.parse(text)).toEqual([null, { "x-sum": "42" }]);
    const whole = createHash("sha256").update(download).digest("hex");
    expect(hashes).toEqual([whole, whole]);
  });

  test("a POST without a body says so to the target", async () => {
    serve = (incoming, response) =>
      response.setHeader("Content-Length", 1).end(incoming.headers["content-length"]);
    using client = await rawClient(gateway.httpPort);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.closed).toMatch(/\r\n\r\n0$/);
    expect(target.seen.at(-1)?.headers["transfer-encoding"]).toBeUndefined();
  });

  test("Expect: 100-continue is the target's to answer", async () => {
    serve = (incoming, response) => {
      incoming.resume().on("end", () => response.end("taken"));
    };
    using client = await rawClient(gateway.httpPort);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    await client.until((text) => text === "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    expect(await client.until((text) => text.endsWith("taken"))).toContain("HTTP/1.1 200 OK");
    serve = (_incoming, response) => response.writeHead(413).end("no");
    target.server.once("checkContinue", (_incoming, response: ServerResponse) =>
      response.writeHead(413).end("no"),
    );
    using refused = await rawClient(gateway.httpPort);
    refused.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    const text = await refused.closed;
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(text).not.toContain("100 Continue");
  });

  test("a header of 16 KiB passes, one of 40 KiB is answered 431", async () => {
    serve = (incoming, response) => response.end(String(incoming.headers["x-large"]?.length));
    const large = await fetch(gateway.url, { headers: { "X-Large": "a".repeat(15_500) } });
    expect(await large.text()).toBe("15500");
    const larger = await fetch(gateway.url, { headers: { "X-Large": "a".repeat(40_000) } });
    expect(larger.status).toBe(431);
  });

  test("what is no HTTP is answered 400", async () => {
    for (const text of [
      "nonsense\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]) {
      using client = await rawClient(gateway.httpPort);
      client.send(text);
      expect(await client.closed).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  test("no route is 404 and no target 503 with Retry-After, as page or as JSON", async () => {
    await using empty = await startGateway();
    await empty.put({
      ...tableOf(1, 1, []),
      routes: [{ ...tableOf(1, 1, []).routes[0], path: "/app" } as never],
    });
    const page = await fetch(empty.url, { headers: { accept: "text/html,*/*" } });
    expect([page.status, page.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    const json = await fetch(`${empty.url}/app/x`);
    expect([json.status, json.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await json.json()).toMatchObject({ status: 503 });
    const [bucket] = await empty.stats("shop");
    expect(bucket).toMatchObject({ release: 1, requests: 1, failures: 1 });
  });
});

describe("responses", () => {
  test("10 MiB arrive whole, by length and in chunks, also to a slow reader", async () => {
    serve = (incoming, response) => {
      if (incoming.url === "/length") response.setHeader("Content-Length", download.length);
      response.end(download);
    };
    for (const path of ["/length", "/chunks"]) {
      const response = await fetch(gateway.url + path);
      expect(Buffer.from(await response.arrayBuffer()).equals(download)).toBe(true);
    }
    const call = request({ port: gateway.httpPort, path: "/length" }).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(download.length);
  });

  test("HEAD, 204 and 304 have no body, and the connection goes on", async () => {
    serve = (incoming, response) => {
      if (incoming.url === "/204") response.writeHead(204).end();
      else if (incoming.url === "/trailer") {
        incoming.socket.end(
          "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        );
      } else if (incoming.url === "/304") response.writeHead(304, { ETag: '"a"' }).end();
      else response.writeHead(200, { "Content-Length": 5 }).end("hello");
    };
    using client = await rawClient(gateway.httpPort);
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until((text) => text.endsWith("\r\n\r\n"))).toContain("Content-Length: 5");
    client.forget();
    client.send("HEAD /trailer HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until((text) => text.endsWith("\r\n\r\n"))).toMatch(/^HTTP\/1.1 200 /);
    client.forget();
    client.send("GET /204 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until((text) => text.endsWith("\r\n\r\n"))).toMatch(/^HTTP\/1.1 204 /);
    client.forget();
    client.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until((text) => text.endsWith("\r\n\r\n"))).toContain('ETag: "a"');
    client.forget();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until((text) => text.endsWith("hello"))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("103 passes before the response, trailers after it", async () => {
    serve = (_incoming, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.writeHead(200, { Trailer: "X-Sum" });
      response.write("body");
      response.addTrailers({ "X-Sum": "42" });
      response.end();
    };
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const text = await client.until((seen) => seen.endsWith("0\r\nX-Sum: 42\r\n\r\n"));
    expect(text).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1.1 200 /);
  });

  test("an HTTP/1.0 client gets no chunks and the connection's end as the response's", async () => {
    serve = (_incoming, response) => {
      response.write("one ");
      response.end("two");
    };
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.0\r\n\r\n");
    const text = await client.closed;
    expect(text.endsWith("\r\n\r\none two")).toBe(true);
    expect(text.toLowerCase()).not.toContain("transfer-encoding");
  });

  test("a target that ends its response by closing is understood", async () => {
    serve = (incoming) => {
      incoming.socket.end("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end");
    };
    expect(await (await fetch(gateway.url)).text()).toBe("to the end");
  });

  test("the head and each part come at once, before the response is whole", async () => {
    const next = Promise.withResolvers<() => void>();
    serve = (_incoming, response) => {
      response.writeHead(200);
      response.flushHeaders();
      next.resolve(() => response.write("part"));
    };
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until((text) => text.endsWith("\r\n\r\n"));
    (await next.promise)();
    await client.until((text) => text.endsWith("4\r\npart\r\n"));
  });

  test("one that the target breaks off breaks the client's connection, whatever its framing", async () => {
    const before = failures(await gateway.stats("shop"));
    serve = (incoming, response) => {
      if (incoming.url === "/length") response.setHeader("Content-Length", 100);
      response.write("part");
      setImmediate(() => incoming.socket.resetAndDestroy());
    };
    await expect(fetch(`${gateway.url}/chunks`).then((r) => r.text())).rejects.toThrow();
    await expect(fetch(`${gateway.url}/length`).then((r) => r.text())).rejects.toThrow();
    using old = await rawClient(gateway.httpPort);
    old.send("GET /chunks HTTP/1.0\r\n\r\n");
    await old.closed;
    expect(old.reset()).toBe(true);
    expect(failures(await gateway.stats("shop")) - before).toBe(3);
  });

  test("a client that leaves ends the target's work, and is no failure", async () => {
    const before = failures(await gateway.stats("shop"));
    const ended = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    serve = (_incoming, response) => {
      arrived.resolve();
      response.on("close", () => ended.resolve());
    };
    const client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived.promise;
    client[Symbol.dispose]();
    await ended.promise;
    expect(failures(await gateway.stats("shop")) - before).toBe(0);
  });

  test("a client that leaves with several requests in the pipe ends the work; what stood behind is not begun", async () => {
    const ended: string[] = [];
    const arrived: string[] = [];
    serve = (incoming, response) => {
      arrived.push(incoming.url ?? "");
      response.on("close", () => ended.push(incoming.url ?? ""));
    };
    const client = await rawClient(gateway.httpPort);
    for (const path of ["/1", "/2", "/3"]) client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expect.poll(() => arrived).toEqual(["/1"]);
    client[Symbol.dispose]();
    await expect.poll(() => ended).toEqual(["/1"]);
    serve = (_incoming, response) => response.end();
    await (await fetch(`${gateway.url}/after`)).text();
    expect(arrived).toEqual(["/1"]);
  });

  test("a response that takes more than two seconds is waited for", async () => {
    serve = (_incoming, response) => void setTimeout(() => response.end("late"), 2_200);
    expect(await (await fetch(gateway.url)).text()).toBe("late");
  });

  test("an answer before the body's end is passed on", async () => {
    serve = (_incoming, response) => response.writeHead(413).end("too large");
    using client = await rawClient(gateway.httpPort);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin");
    expect(await client.until((text) => text.endsWith("too large\r\n0\r\n\r\n"))).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe("a body that nobody waits for any more", () => {
  const body = Buffer.alloc(30_000_000);
  const post = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;

  test("is read to its end, so that the client comes to read the answer and the connection goes on", async () => {
    serve = (incoming, response) => {
      if (incoming.method === "POST") response.writeHead(413).end("too large");
      else response.end("next");
    };
    // The target closes its connection with the body unread, at a moment of its own: an answer never gets lost in it.
    for (let round = 0; round < 10; round += 1) {
      using client = await rawClient(gateway.httpPort);
      client.send(post);
      client.socket.write(body.subarray(1));
      await client.until((text) => text.includes("too large"));
      client.send("xGET / HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(await client.until((text) => text.includes("next"))).toMatch(/^HTTP\/1.1 413 [\s\S]* 200 OK/);
    }
  });

  test("is not read for ever", async () => {
    await using empty = await startGateway();
    await empty.put(tableOf(1, 1, []));
    using client = await rawClient(empty.httpPort);
    client.send(`${post}begin`);
    expect(await client.closed).toMatch(/^HTTP\/1.1 503 /);
  });

  test("that waits for 100 may be left out: the connection ends with the answer", async () => {
    await using empty = await startGateway();
    await empty.put(tableOf(1, 1, []));
    using client = await rawClient(empty.httpPort);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    expect(await client.closed).toMatch(/^HTTP\/1.1 503 [\s\S]*Connection: close/);
  });
});

function failures(buckets: { failures: number }[]): number {
  return buckets.reduce((sum, bucket) => sum + bucket.failures, 0);
}

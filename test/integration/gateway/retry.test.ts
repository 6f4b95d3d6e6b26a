import { describe, expect, test } from "vitest";
import { freePort, startGateway } from "../../support/gateway.ts";
import { rawClient, startTarget, tableOf } from "../../support/gateway-target.ts";

describe("sending again", () => {
  test("any method goes to another target when a connection is refused; each body arrives once", async () => {
    await using gateway = await startGateway();
    const bodies: string[] = [];
    await using good = await startTarget(async (request, response) => {
      bodies.push(Buffer.concat(await request.toArray()).toString());
      response.end("good");
    });
    const dead = { id: "dead", address: "127.0.0.1", port: await freePort() };
    await gateway.put(tableOf(1, 1, [dead, good.target]));
    const sent = Array.from({ length: 40 }, (_, index) => `body ${index}`);
    await Promise.all(
      sent.map(async (body) => {
        const response = await fetch(gateway.url, { method: "POST", body });
        expect(await response.text()).toBe("good");
      }),
    );
    expect(bodies.sort()).toEqual(sent.sort());
    const [first, ...rest] = await gateway.stats("shop");
    expect([first, ...rest].reduce((sum, bucket) => sum + (bucket?.failures ?? 0), 0)).toBe(0);
  });

  test("a target that comes up within a second is waited for, then it is 502", async () => {
    await using gateway = await startGateway();
    const port = await freePort();
    await gateway.put(tableOf(1, 1, [{ id: "late", address: "127.0.0.1", port }]));
    const from = performance.now();
    const failed = await fetch(gateway.url, { method: "POST", body: "x" });
    expect(failed.status).toBe(502);
    expect(performance.now() - from).toBeGreaterThan(900);
    expect(performance.now() - from).toBeLessThan(3_000);
    const waiting = fetch(gateway.url, { method: "POST", body: "x" });
    await using late = await startTarget(
      (request, response) => request.resume().on("end", () => response.end("up")),
      port,
    );
    expect(late.target.port).toBe(port);
    expect(await (await waiting).text()).toBe("up");
  });

  test("a GET whose connection breaks before the response is sent again, a POST never", async () => {
    await using gateway = await startGateway();
    let broken = 0;
    await using target = await startTarget((request, response) => {
      if (broken > 0) {
        broken -= 1;
        request.socket.destroy();
      } else response.end("good");
    });
    await gateway.put(tableOf(1, 1, [target.target]));
    broken = 2;
    expect(await (await fetch(gateway.url)).text()).toBe("good");
    expect(target.seen.length).toBe(3);
    broken = 3;
    expect((await fetch(gateway.url)).status).toBe(502);
    expect(target.seen.length).toBe(6);
    broken = 1;
    expect((await fetch(gateway.url, { method: "POST", body: "once" })).status).toBe(502);
    expect(target.seen.length).toBe(7);
    broken = 1;
    expect((await fetch(gateway.url, { method: "PUT", body: "twice" })).status).toBe(200);
    expect(target.seen.length).toBe(9);
  });

  test("a PUT of whose body nothing was sent yet is sent again, with all of its body", async () => {
    await using gateway = await startGateway();
    const again = Promise.withResolvers<void>();
    await using target = await startTarget(async (request, response) => {
      if (target.seen.length === 1) {
        request.socket.destroy();
        return;
      }
      again.resolve();
      response.end(Buffer.concat(await request.toArray()));
    });
    await gateway.put(tableOf(1, 1, [target.target]));
    using client = await rawClient(gateway.httpPort);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n");
    await again.promise;
    client.send("the body");
    expect(await client.until((text) => text.includes("the body"))).toMatch(/^HTTP\/1.1 200 /);
    expect(target.seen.length).toBe(2);
  });

  test("no request fails on an idle connection that the target has just closed", async () => {
    await using gateway = await startGateway({ workers: 1 });
    await using target = await startTarget((request, response) => {
      request.resume().on("end", () => response.end("good"));
      // Closes right behind the response, as a keep-alive time that is just over would.
      response.once("finish", () => setImmediate(() => request.socket.destroy()));
    });
    await gateway.put(tableOf(1, 1, [target.target]));
    for (let round = 0; round < 100; round += 1) {
      const method = round % 2 === 0 ? "GET" : "POST";
      const response = await fetch(gateway.url, method === "POST" ? { method, body: "x" } : {});
      expect([response.status, await response.text()]).toEqual([200, "good"]);
    }
    expect(target.seen.filter((request) => request.method === "POST").length).toBe(50);
  });

  test("a second try takes no idle connection: the others may be as dead as the first", async () => {
    await using gateway = await startGateway({ workers: 1 });
    const used = new Set<unknown>();
    const together = Promise.withResolvers<void>();
    await using target = await startTarget((request, response) => {
      if (used.has(request.socket)) {
        request.socket.destroy();
        return;
      }
      used.add(request.socket);
      if (used.size === 6) together.resolve();
      void together.promise.then(() => response.end("good"));
    });
    await gateway.put(tableOf(1, 1, [target.target]));
    await Promise.all(Array.from({ length: 6 }, async () => (await fetch(gateway.url)).text()));
    expect(await (await fetch(gateway.url)).text()).toBe("good");
    expect(target.seen.length).toBe(8);
  });

  test("a retry goes by the table of its own moment", async () => {
    await using gateway = await startGateway();
    const port = await freePort();
    await gateway.put(tableOf(1, 1, [{ id: "gone", address: "127.0.0.1", port }]));
    const waiting = fetch(gateway.url, { method: "POST", body: "x" });
    await using next = await startTarget((request, response) =>
      request.resume().on("end", () => response.end("next")),
    );
    await gateway.put(tableOf(2, 2, [next.target]));
    expect(await (await waiting).text()).toBe("next");
    const buckets = await gateway.stats("shop");
    expect(buckets.map(({ release, requests, failures }) => [release, requests, failures])).toEqual([
      [2, 1, 0],
    ]);
  });

  test("a container that the engine restarts is waited for, also while no target is in the table", async () => {
    await using gateway = await startGateway();
    await using first = await startTarget((_request, response) => response.end("first"));
    await gateway.put(tableOf(1, 1, [first.target]));
    expect(await (await fetch(gateway.url)).text()).toBe("first");
    await first.stop();
    const refused = fetch(gateway.url, { method: "POST", body: "x" });
    await gateway.put(tableOf(2, 1, []));
    const homeless = fetch(gateway.url, { method: "POST", body: "x" });
    await using again = await startTarget((request, response) =>
      request.resume().on("end", () => response.end("again")),
    );
    await gateway.put(tableOf(3, 1, [again.target]));
    expect(await Promise.all([refused, homeless].map(async (answer) => (await answer).text()))).toEqual([
      "again",
      "again",
    ]);
    expect(again.seen.length).toBe(2);
  });

  test("a connection that can't be made within two seconds is given up for another target", async () => {
    await using gateway = await startGateway();
    await using good = await startTarget((_request, response) => response.end("good"));
    // TEST-NET-1: nobody answers there.
    const silent = { id: "silent", address: "192.0.2.1", port: 9 };
    await gateway.put(tableOf(1, 1, [silent, good.target]));
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => (await fetch(gateway.url, { method: "DELETE" })).text()),
    );
    expect(new Set(answers)).toEqual(new Set(["good"]));
  });

  test("load goes evenly over equal targets", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => setTimeout(() => response.end(), 5));
    await using two = await startTarget((_request, response) => setTimeout(() => response.end(), 5));
    await gateway.put(tableOf(1, 1, [one.target, two.target]));
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 20 }, async () => (await fetch(gateway.url)).text()));
    }
    expect(one.seen.length + two.seen.length).toBe(400);
    expect(Math.min(one.seen.length, two.seen.length)).toBeGreaterThan(140);
  });
});

import { Agent, request } from "node:http";
import { describe, expect, test } from "vitest";
import { type TestGateway, startGateway } from "../../support/gateway.ts";
import { rawClient, startTarget, tableOf } from "../../support/gateway-target.ts";

interface Got {
  release: number;
  startedAt: number;
  endedAt: number;
}

function ask(gateway: TestGateway, agent: Agent | false, method = "GET"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const call = request(
      { port: gateway.httpPort, host: "127.0.0.1", agent, method, path: "/" },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on("end", () => {
          if (response.statusCode !== 200) reject(new Error(`${response.statusCode} ${text}`));
          else resolve({ release: Number(text), startedAt, endedAt: performance.now() });
        });
        response.on("error", reject);
      },
    );
    call.on("error", reject);
    call.end(method === "POST" ? "x".repeat(4_096) : undefined);
  });
}

describe("switching", () => {
  test("no request that starts after an answer of the new release is answered by the old one", async () => {
    await using gateway = await startGateway({ workers: 2 });
    const switches = 60;
    await using targets = new AsyncDisposableStack();
    const releases = await Promise.all(
      Array.from({ length: switches + 1 }, async (_, release) =>
        targets.use(
          await startTarget((incoming, response) => {
            incoming.resume().on("end", () => response.end(String(release)));
          }),
        ),
      ),
    );
    const table = (release: number) =>
      tableOf(
        release + 1,
        release,
        [releases[release]?.target].filter((t) => t !== undefined),
      );
    await gateway.put(table(0));
    const got: Got[] = [];
    const failures: unknown[] = [];
    let running = true;
    const agent = new Agent({ keepAlive: true, maxSockets: 24 });
    const load = Array.from({ length: 32 }, async (_, index) => {
      while (running) {
        const method = index % 3 === 0 ? "POST" : "GET";
        await ask(gateway, index % 4 === 0 ? false : agent, method).then(
          (answer) => got.push(answer),
          (error: unknown) => failures.push(error),
        );
      }
    });
    for (let release = 1; release <= switches; release += 1) {
      const enough = got.length + 60;
      await gateway.put(table(release));
      while (got.length < enough && failures.length === 0) {
        await ask(gateway, agent).then((answer) => {
          expect(answer.release).toBe(release);
          got.push(answer);
        });
      }
    }
    running = false;
    await Promise.all(load);
    agent.destroy();
    expect(failures).toEqual([]);
    expect(got.length).toBeGreaterThanOrEqual(60 * switches);
    expect(regressions(got)).toEqual([]);
    const delivered = releases.flatMap((release) => release.seen).length;
    expect(delivered).toBe(got.length);
  });

  test("a client's connection survives, and its next request goes to the new release", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    using client = await rawClient(gateway.httpPort);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    expect(await client.until((text) => text.endsWith("one"))).toContain("HTTP/1.1 200");
    await gateway.put(tableOf(2, 2, [two.target]));
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    expect(await client.until((text) => text.endsWith("two"))).toContain("HTTP/1.1 200");
  });

  test("a request under way stays with the release that it was claimed for", async () => {
    await using gateway = await startGateway();
    let finish: () => void = () => undefined;
    const arrived = Promise.withResolvers<void>();
    await using one = await startTarget((_request, response) => {
      finish = () => response.end("one");
      arrived.resolve();
    });
    await using two = await startTarget((_request, response) => response.end("two"));
    await gateway.put(tableOf(1, 1, [one.target]));
    const slow = fetch(gateway.url);
    await arrived.promise;
    await gateway.put(tableOf(2, 2, [two.target]));
    expect(await (await fetch(gateway.url)).text()).toBe("two");
    finish();
    expect(await (await slow).text()).toBe("one");
  });

  test("an older table is refused, the same one is a confirmation, another of the same number is refused", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    await gateway.put(tableOf(5, 1, [one.target]));
    await expect(gateway.put(tableOf(4, 1, [one.target]))).rejects.toMatchObject({
      code: "GATEWAY_REFUSED",
      status: 409,
    });
    await expect(gateway.put(tableOf(5, 1, []))).rejects.toMatchObject({
      code: "GATEWAY_REFUSED",
      status: 409,
    });
    expect(await gateway.put(tableOf(5, 1, [one.target]))).toMatchObject({ generation: 5, workers: 2 });
    await expect(gateway.call("PUT", "/v1/table", { generation: 6 })).rejects.toMatchObject({
      code: "GATEWAY_REFUSED",
      status: 422,
    });
    expect(await (await fetch(gateway.url)).text()).toBe("one");
  });

  test("switches asked for at once are carried out one after another", async () => {
    await using gateway = await startGateway();
    await using one = await startTarget((_request, response) => response.end("one"));
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map((generation) =>
        gateway.put(tableOf(generation, generation, [one.target])).catch(() => null),
      ),
    );
    expect(outcomes.at(-1)?.generation ?? (await gateway.status()).generation).toBe(5);
    expect((await gateway.status()).workers.map((worker) => worker.generation)).toEqual([5, 5]);
  });
});

/** Answers of a release older than one that had been seen before the request started. */
function regressions(got: Got[]): Got[] {
  const byEnd = [...got].sort((a, b) => a.endedAt - b.endedAt);
  const bad: Got[] = [];
  let at = 0;
  let newest = 0;
  for (const answer of [...got].sort((a, b) => a.startedAt - b.startedAt)) {
    for (let seen = byEnd[at]; seen && seen.endedAt < answer.startedAt; seen = byEnd[at]) {
      newest = Math.max(newest, seen.release);
      at += 1;
    }
    if (answer.release < newest) bad.push(answer);
  }
  return bad;
}

import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, post, startBench } from "../../support/conformance.ts";
import { rule } from "../../support/rule.ts";

/** What a target that is under an attacker's control wants others to get. */
const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Requests of this and of other clients get their own answers. */
async function expectOwnAnswers(): Promise<void> {
  using client = await bench.open();
  for (let round = 0; round < 3; round += 1) {
    expect((await client.exchange(get("/x"))).body.toString()).toBe("ok");
    expect((await bench.ask(get("/x"))).body.toString()).toBe("ok");
    expect((await bench.ask(post("/x", "body"))).body.toString()).toBe("ok");
  }
}

describe("responses of a target that means harm", () => {
  const answers: [what: string, said: string][] = [
    ["two responses", `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${poison}`],
    ["a hundred responses", `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${poison.repeat(100)}`],
    ["a body behind 204", `HTTP/1.1 204 No Content\r\nContent-Length: ${poison.length}\r\n\r\n${poison}`],
    ["a body behind 304", `HTTP/1.1 304 Not Modified\r\nContent-Length: ${poison.length}\r\n\r\n${poison}`],
    ["chunks behind 204", `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`],
    [
      "chunks behind 304",
      `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`,
    ],
    [
      "a length of an interim response",
      `HTTP/1.1 103 Early Hints\r\nContent-Length: ${poison.length}\r\n\r\n${poison}`,
    ],
    [
      "two lengths",
      `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: ${poison.length}\r\n\r\n${poison}`,
    ],
    [
      "a length and chunks",
      `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`,
    ],
    [
      "a coding that is hidden",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding\x0b: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${poison}`,
    ],
    ["a head split by bare LF", `HTTP/1.1 200 OK\r\nX: y\n\n${poison}`],
    ["a head split by bare CR", `HTTP/1.1 200 OK\r\nX: y\r\r${poison}`],
    [
      "a switch that nobody asked for",
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${poison}`,
    ],
    ["100 without end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(3) + poison + poison],
  ];
  for (const [index, [what, said]] of answers.entries()) {
    for (const method of ["GET", "HEAD", "POST"]) {
      rule(`smuggling: ${what}, to ${method}, reaches nobody else`, async () => {
        const path = `/harm-${index}-${method}`;
        bench.on(path, (exchange) => exchange.write(said));
        using client = await bench.open();
        const bytes = `${method} ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`;
        const answer = await client.exchange(bytes, { method }).catch(() => null);
        expect(answer?.body.toString() ?? "").not.toContain("POISONHTTP");
        await expectOwnAnswers();
      });
    }
  }

  rule(
    "smuggling: ten thousand interim responses end in an answer or in 502, and reach nobody else",
    async () => {
      bench.on("/flood", async (exchange) => {
        await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(10_000));
        await exchange.answer("ok");
      });
      const { status } = await bench.ask(get("/flood"));
      expect([200, 502]).toContain(status);
      await expectOwnAnswers();
    },
  );

  rule(
    "smuggling: a target that answers before the body is whole gets no other request on that connection",
    async () => {
      bench.on("/careless", async (exchange) => {
        // It takes what follows the head for the next request.
        exchange.body = async () => Buffer.alloc(0);
        await exchange.answer("ok");
      });
      bench.on("/smuggled", (exchange) => exchange.answer("POISON"));
      for (let round = 0; round < 10; round += 1) {
        const arrival = bench.target.arrival("/careless");
        const inner = get("/smuggled");
        using client = await bench.open();
        await client.send(`POST /careless HTTP/1.1\r\nHost: h\r\nContent-Length: ${inner.length}\r\n\r\n`);
        expect((await client.response()).body.toString()).toBe("ok");
        await client.send(inner);
        const { connection } = await arrival;
        bench.takeSeen();
        await expectOwnAnswers();
        const others = bench.takeSeen().filter(({ path }) => path === "/x");
        expect(others.map((exchange) => exchange.connection)).not.toContain(connection);
      }
    },
  );
});

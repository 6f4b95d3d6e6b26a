import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Bench, get, startBench } from "../../support/conformance.ts";
import { fieldOf } from "../../support/http1-message.ts";
import { rule } from "../../support/rule.ts";

interface Line {
  kind: string;
  method: string;
  path: string;
  status: number;
  bytes: number;
  part?: string;
  reason?: string;
  requestId: string;
}

describe("the access log", () => {
  let bench: Bench;
  let pages: string;
  beforeAll(async () => {
    pages = await mkdtemp(join(tmpdir(), "cutover-pages-"));
    await writeFile(join(pages, "5xx.html"), "<h1>{{status}} of our own: {{requestId}}</h1>");
    bench = await startBench({ settings: { "error-pages": pages } });
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    await rm(pages, { recursive: true });
  });

  /** The line of the request with the id, once it is written. */
  async function lineOf(id: string): Promise<Line> {
    const find = () => bench.gateway.log.find((line) => line.includes(`"${id}"`));
    await expect.poll(find).toBeDefined();
    return JSON.parse(find() ?? "") as Line;
  }

  const id = (name: string) => `X-Request-Id: ${name}\r\n`;

  rule("access log: a line tells method, path, status and bytes", async () => {
    const { body } = await bench.ask(get("/logged?q=1", id("log-1")));
    expect(body.length).toBeGreaterThan(0);
    expect(await lineOf("log-1")).toMatchObject({
      kind: "request",
      method: "GET",
      status: 200,
      bytes: body.length,
    });
    expect((await lineOf("log-1")).path).toMatch(/^\/logged/);
  });

  rule("access log: the id on an error page is the client's own where it may be kept", async () => {
    const response = await bench.ask(`GET https://h/ HTTP/1.1\r\nHost: h\r\n${id("log-own")}\r\n`);
    expect([response.status, fieldOf(response, "x-request-id")]).toEqual([421, "log-own"]);
    expect(await lineOf("log-own")).toMatchObject({
      status: 421,
      reason: "misdirected",
      bytes: response.body.length,
    });
  });

  rule("access log: what is no request has a line with the id that its client was told", async () => {
    const response = await bench.ask("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n");
    const told = fieldOf(response, "x-request-id") ?? "";
    expect(told).toMatch(/^[0-9a-f]{32}$/);
    const bytes = response.body.length;
    expect(await lineOf(told)).toMatchObject({ status: 400, reason: "two-hosts", part: "client", bytes });
  });

  rule("access log: a client that leaves before the answer is 499", async () => {
    bench.on("/hang", ({ gone }) => gone);
    const arrival = bench.target.arrival("/hang");
    using client = await bench.open();
    await client.send(get("/hang", id("log-2")));
    await arrival;
    client.reset();
    expect(await lineOf("log-2")).toMatchObject({ status: 499, part: "client" });
  });

  rule("access log: a target that fails is 502 and named as the part that failed", async () => {
    bench.on("/closes", (exchange) => exchange.socket.destroy());
    await bench.ask(`POST /closes HTTP/1.1\r\nHost: h\r\n${id("log-3")}Content-Length: 0\r\n\r\n`);
    expect(await lineOf("log-3")).toMatchObject({ status: 502, part: "target" });
  });

  rule("access log: what a client writes can't make lines or fields of its own", async () => {
    await bench.ask(get(`/%22%0a"\\x{}`, id("log-4")));
    expect((await lineOf("log-4")).path).toContain('/%22%0a"\\x{}');
  });

  rule(
    "error pages: a page of one's own is served, with the request's id and nothing else of the request",
    async () => {
      bench.on("/closes", (exchange) => exchange.socket.destroy());
      const response = await bench.ask(
        `POST /closes HTTP/1.1\r\nHost: h\r\n${id("log-5")}Accept: text/html\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(response.body.toString()).toBe("<h1>502 of our own: log-5</h1>");
      expect(fieldOf(response, "content-type")).toBe("text/html; charset=utf-8");
    },
  );
});

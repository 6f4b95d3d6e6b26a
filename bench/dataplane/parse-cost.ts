import { createChunks, resetChunks, scanChunks } from "../../src/gateway/http1/chunks.ts";
import { createRequestHead, createResponseHead, defaultHeadLimits } from "../../src/gateway/http1/head.ts";
import { ascii } from "../../src/gateway/http1/octets.ts";
import { parseRequestHead } from "../../src/gateway/http1/request-head.ts";
import { parseResponseHead } from "../../src/gateway/http1/response-head.ts";

/**
 * What reading a message costs: nanoseconds a message, the best of several runs, in one process that has seen all
 * of the messages before. `node bench/dataplane/parse-cost.ts [--json]`
 */
const runs = 25;
const rounds = 40_000;
const begin = 4_096;

const lines = (...text: string[]) => `${text.join("\r\n")}\r\n\r\n`;

const requests: Record<string, string> = {
  "tiny request": lines("GET /t HTTP/1.1", "Host: h"),
  "request of wrk": lines("GET /t HTTP/1.1", "Host: 127.0.0.1:8080", "Connection: keep-alive"),
  "browser-like request": lines(
    "GET /shop/articles/2026/blue-boots?colour=blue&size=42&ref=start HTTP/1.1",
    "Host: shop.example.com",
    "Connection: keep-alive",
    'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
    "sec-ch-ua-mobile: ?0",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-GB,en;q=0.9",
    "Cookie: session=4f5b0d2a9c7e4b1e8a6d; theme=dark; consent=1",
  ),
  "POST of 4 KiB": lines(
    "POST /orders HTTP/1.1",
    "Host: shop.example.com",
    "Content-Type: application/json",
    "Content-Length: 4096",
  ),
};

const responses: Record<string, string> = {
  "tiny response": lines("HTTP/1.1 200 OK", "Content-Length: 2"),
  "response of 6 fields": lines(
    "HTTP/1.1 200 OK",
    "Server: nginx/1.22.1",
    "Date: Mon, 23 Nov 2026 12:00:00 GMT",
    "Content-Type: text/html; charset=utf-8",
    "Content-Length: 65536",
    "Connection: keep-alive",
    'ETag: "65f1c2aa-10000"',
  ),
};

const body = `1000\r\n${"x".repeat(4096)}\r\n0\r\n\r\n`;

const memory = new ArrayBuffer(65_536);
const bytes = new Uint8Array(memory);
const words = new DataView(memory);

/** Nanoseconds of one call of `read`, which returns whether it went well. */
function cost(read: () => boolean): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const from = process.hrtime.bigint();
    for (let round = 0; round < rounds; round++) {
      if (!read()) throw new Error("a message was not accepted");
    }
    best = Math.min(best, Number(process.hrtime.bigint() - from) / rounds);
  }
  return best;
}

function costOfRequest(text: string): number {
  const head = createRequestHead();
  const end = begin + text.length;
  bytes.set(ascii(text), begin);
  return cost(() => parseRequestHead(bytes, words, begin, end, head, defaultHeadLimits) === end);
}

function costOfResponse(text: string): number {
  const head = createResponseHead();
  const end = begin + text.length;
  bytes.set(ascii(text), begin);
  return cost(() => parseResponseHead(bytes, words, begin, end, head, defaultHeadLimits) === end);
}

function costOfChunks(text: string): number {
  const chunks = createChunks();
  const end = begin + text.length;
  bytes.set(ascii(text), begin);
  return cost(() => {
    resetChunks(chunks);
    return scanChunks(chunks, bytes, begin, end) === end && chunks.done;
  });
}

/** All messages are read in turn first, so that no figure stands for code that knows only one of them. */
function measure(): Map<string, { bytes: number; nanoseconds: number }> {
  const costs = new Map<string, { bytes: number; nanoseconds: number }>();
  for (const pass of ["warm", "measured"]) {
    const note = (name: string, text: string, nanoseconds: number) => {
      if (pass === "measured") costs.set(name, { bytes: text.length, nanoseconds });
    };
    for (const [name, text] of Object.entries(requests)) note(name, text, costOfRequest(text));
    for (const [name, text] of Object.entries(responses)) note(name, text, costOfResponse(text));
    note("chunked body of 4 KiB", body, costOfChunks(body));
  }
  return costs;
}

const costs = measure();
if (process.argv.includes("--json")) {
  process.stdout.write(`${JSON.stringify(Object.fromEntries(costs), null, 2)}\n`);
} else {
  for (const [name, found] of costs) {
    process.stdout.write(
      `${name.padEnd(24)}${String(found.bytes).padStart(6)} bytes ${found.nanoseconds.toFixed(0).padStart(6)} ns\n`,
    );
  }
}

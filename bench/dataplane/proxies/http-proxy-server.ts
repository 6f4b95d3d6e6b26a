import { randomUUID } from "node:crypto";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createHistogram } from "node:perf_hooks";
import HttpProxy from "http-proxy";
import { apiPrefix, type Group, hosts } from "../routes.ts";

/**
 * A load balancer as it is written with Node's `http` and `http-proxy`: started with its port, the port of its
 * statistics and those of the backends.
 */

const [port = 0, statistics = 0, ...backends] = process.argv.slice(2).map(Number);
const targets = backends.map((backend) => `http://127.0.0.1:${backend}`);
const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256, scheduling: "lifo" });
const proxy = HttpProxy.createProxyServer({ agent });
const turns: Record<Group, number> = { web: 0, api: 0 };
const latency = createHistogram();
const counts = { requests: 0, failures: 0 };
const logFlushMs = 1_000;
const logFlushLines = 500;
let lines: string[] = [];

const known = new Set(hosts);

function groupOf(request: IncomingMessage): Group | null {
  if (!known.has(request.headers.host ?? "")) return null;
  return request.url?.startsWith(`${apiPrefix}/`) ? "api" : "web";
}

function nextTarget(group: Group): string {
  turns[group] = (turns[group] + 1) % targets.length;
  return targets[turns[group]] ?? "";
}

/** Fields of the proxy's own take the place of the client's. */
function setFields(request: IncomingMessage): string {
  const { headers, socket } = request;
  const id = randomUUID();
  headers["x-forwarded-for"] = socket.remoteAddress;
  headers["x-forwarded-proto"] = "http";
  headers["x-forwarded-host"] = headers.host;
  headers["x-forwarded-port"] = String(port);
  headers["x-real-ip"] = socket.remoteAddress;
  headers["x-request-id"] = id;
  headers.via = "1.1 http-proxy";
  return id;
}

function flushLog(): void {
  if (lines.length === 0) return;
  process.stdout.write(lines.join(""));
  lines = [];
}

function log(request: IncomingMessage, response: ServerResponse, id: string, startedAt: number): void {
  const ms = performance.now() - startedAt;
  counts.requests += 1;
  latency.record(Math.max(1, Math.round(ms * 1_000)));
  lines.push(
    `${JSON.stringify({ at: Date.now(), client: request.socket.remoteAddress, host: request.headers.host, method: request.method, path: request.url, status: response.statusCode, ms, id })}\n`,
  );
  if (lines.length >= logFlushLines) flushLog();
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const startedAt = performance.now();
  const group = groupOf(request);
  if (group === null) {
    response.writeHead(404).end();
    return;
  }
  const id = setFields(request);
  response.on("finish", () => log(request, response, id, startedAt));
  proxy.web(request, response, { target: nextTarget(group) });
});

server.on("upgrade", (request, socket, head) => {
  const group = groupOf(request);
  if (group === null) {
    socket.destroy();
    return;
  }
  setFields(request);
  proxy.ws(request, socket, head, { target: nextTarget(group) });
});

proxy.on("error", (_error, _request, response) => {
  counts.failures += 1;
  if ("writeHead" in response && !response.headersSent) response.writeHead(502);
  response.end();
});

setInterval(flushLog, logFlushMs);
server.listen(port, "127.0.0.1", 4_096);
createServer((_request, response) => {
  response.end(
    `requests ${counts.requests}\nfailures ${counts.failures}\np99_us ${latency.percentile(99)}\n`,
  );
}).listen(statistics, "127.0.0.1");

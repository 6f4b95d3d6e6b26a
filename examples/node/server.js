import { createServer } from "node:http";
import { hostname } from "node:os";
import { acceptWebSocket } from "./websocket.js";

const version = process.env.VERSION ?? "1";
const database = process.env.DATABASE_URL;
const fail = process.env.FAIL ?? "";
const streams = new Set();
let healthAnswers = 0;

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

function home(_request, response) {
  json(response, 200, { version, pid: process.pid, host: hostname() });
}

function health(_request, response) {
  if (fail === "never-healthy") {
    console.error(`health: 503, version ${version} can't read its configuration`);
    return json(response, 503, { status: "unhealthy", version });
  }
  healthAnswers += 1;
  if (fail === "die-after-healthy" && healthAnswers > 2) {
    console.error(`version ${version} was healthy and dies now`);
    process.exit(1);
  }
  json(response, 200, { status: "ok", version });
}

/** Answers after `ms` milliseconds. */
function slow(_request, response, query) {
  const ms = Math.min(Number(query.get("ms") ?? 2000), 600_000);
  setTimeout(() => json(response, 200, { version, ms }), ms);
}

function echo(request, response) {
  response.writeHead(200, { "content-type": request.headers["content-type"] ?? "application/octet-stream" });
  request.pipe(response);
}

/** Server-sent events, numbered on from what the client saw last. */
function events(request, response, query) {
  let id = Number(request.headers["last-event-id"] ?? 0);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("retry: 200\n\n");
  const send = () => {
    id += 1;
    response.write(`id: ${id}\ndata: ${JSON.stringify({ version, id })}\n\n`);
  };
  const timer = setInterval(send, Number(query.get("every") ?? 250));
  const stream = { end: () => response.end() };
  streams.add(stream);
  response.on("close", () => {
    clearInterval(timer);
    streams.delete(stream);
  });
  send();
}

const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 31 + 7) & 255));

/** `mb` MiB of the same bytes every time. */
function download(_request, response, query) {
  const blocks = Math.min(Number(query.get("mb") ?? 10), 1024) * 16;
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": blocks * block.length,
  });
  let sent = 0;
  const more = () => {
    while (sent < blocks) {
      sent += 1;
      if (!response.write(block)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

/** Counts in the database, which no release of this service touches. */
async function visits(_request, response) {
  const answer = await fetch(`${database}/visits`, { method: "POST" });
  json(response, answer.status, { version, ...(await answer.json()) });
}

const routes = {
  "GET /": home,
  "GET /health": health,
  "GET /slow": slow,
  "POST /echo": echo,
  "GET /events": events,
  "GET /download": download,
  "POST /visits": visits,
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://app");
  const route = routes[`${request.method} ${pathname}`];
  response.setHeader("x-version", version);
  if (!route) return json(response, 404, { error: "not found" });
  Promise.resolve(route(request, response, searchParams)).catch((error) => {
    console.error(error);
    if (!response.headersSent) json(response, 500, { error: "internal" });
    else response.destroy();
  });
});

server.on("upgrade", (request, socket, head) => {
  const connection = acceptWebSocket(request, socket, head);
  if (!connection) return;
  streams.add(connection);
  socket.on("close", () => streams.delete(connection));
  connection.send(JSON.stringify({ version }));
  connection.onMessage = (data, isText) => connection.send(data, isText);
});

process.on("SIGTERM", () => {
  console.log(`version ${version} stops`);
  for (const stream of streams) stream.end();
  server.close(() => process.exit(0));
});

if (fail === "exit") {
  console.error(`version ${version} can't start: configuration is missing`);
  process.exit(1);
}

server.listen(3000, () => console.log(`version ${version} listens on port 3000`));

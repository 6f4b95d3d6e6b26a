import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/**
 * One colour: a backend process with the paths that `tools/load` asks for. Its parent says which version it is and hears
 * back when it is so; a request is answered by the version that it came to.
 */

let version = "0";
let events = 0;
const eventMs = 250;
const block = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31 + 7) & 255));
const blocksOfMiB = 16;

function json(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  response.end(text);
}

function answerEvents(request: IncomingMessage, response: ServerResponse): void {
  let id = Number(request.headers["last-event-id"] ?? 0);
  events += 1;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("retry: 100\n\n");
  const send = () => {
    id += 1;
    response.write(`id: ${id}\ndata: ${events}\n\n`);
  };
  const timer = setInterval(send, eventMs);
  response.on("close", () => clearInterval(timer));
  send();
}

function download(response: ServerResponse, mebibytes: number): void {
  const blocks = mebibytes * blocksOfMiB;
  let sent = 0;
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": blocks * block.length,
  });
  const more = () => {
    while (sent < blocks) {
      sent += 1;
      if (!response.write(block)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://colour");
  const own = version;
  response.setHeader("x-version", own);
  if (pathname === "/slow") {
    setTimeout(() => json(response, { version: own }), Number(searchParams.get("ms")));
  } else if (pathname === "/echo") {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    request.pipe(response);
  } else if (pathname === "/events") answerEvents(request, response);
  else if (pathname === "/download") download(response, Number(searchParams.get("mb")));
  else json(response, { version: own, n: searchParams.get("n") });
});
// Above the gateway's idle time for targets, and without an end to requests: only the gateway closes connections here.
server.keepAliveTimeout = 60_000;
server.requestTimeout = 0;

const webSockets = new WebSocketServer({ server, path: "/ws", perMessageDeflate: false });
webSockets.on("connection", (socket) => {
  socket.on("error", () => undefined);
  socket.send(JSON.stringify({ version }));
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});

process.on("message", (told: string) => {
  version = told;
  process.send?.({ version });
});
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => undefined);

server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.({ port: (server.address() as AddressInfo).port });

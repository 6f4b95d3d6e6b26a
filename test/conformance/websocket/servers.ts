import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

/**
 * A WebSocket server on loopback. It echoes; on `/fragments` in several frames. On `/close` it closes with 4002, on
 * `/ping` it pings and says `pong` when that was answered. It speaks the protocol `chat`.
 */
export interface Server extends AsyncDisposable {
  port: number;
  /** `CODE REASON` of connections that ended, in order. */
  closes: string[];
}

const fixtures = fileURLToPath(new URL("../../fixtures/websocket", import.meta.url));

/** A Python with the package `websockets`; null when there is none. Distributions have it for their own Python only. */
export const python: string | null =
  ["/usr/bin/python3", "python3"].find(
    (command) => spawnSync(command, ["-c", "import websockets"]).status === 0,
  ) ?? null;

/** npm's `ws`. */
export async function startWs(): Promise<Server> {
  const closes: string[] = [];
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    maxPayload: 128 << 20,
    perMessageDeflate: true,
    handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
  });
  server.on("connection", (socket, request) => {
    socket.on("close", (code, reason) => closes.push(`${code} ${reason}`));
    serve(socket, request.url ?? "");
  });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    closes,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: WebSocket, path: string): void {
  if (path === "/close") socket.close(4002, "server says bye");
  if (path === "/ping") {
    socket.ping("from server");
    socket.on("pong", (data) => String(data) === "from server" && socket.send("pong"));
  }
  socket.on("message", (data: RawData, binary) => {
    const whole = data as Buffer;
    if (path !== "/fragments") return socket.send(whole, { binary });
    const size = Math.max(1, Math.ceil(whole.length / 3));
    for (let at = 0; at < whole.length; at += size) {
      socket.send(whole.subarray(at, at + size), { binary, fin: at + size >= whole.length });
    }
  });
}

/** Python's `websockets`. */
export async function startPython(): Promise<Server> {
  const closes: string[] = [];
  const port = Promise.withResolvers<number>();
  const child = spawn(python ?? "python3", [`${fixtures}/server.py`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const reap = () => void child.kill("SIGKILL");
  process.once("exit", reap);
  const ended = once(child, "exit");
  void ended.then(() => port.reject(new Error("the server ended")));
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("port ")) port.resolve(Number(line.slice(5)));
      if (line.startsWith("closed ")) closes.push(line.slice(7));
    }
  });
  return {
    port: await port.promise,
    closes,
    async [Symbol.asyncDispose]() {
      process.off("exit", reap);
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** What came of each case of Python's client against the gateway's port. */
export async function runPythonClient(port: number): Promise<Record<string, unknown>> {
  const child = spawn(python ?? "python3", [`${fixtures}/client.py`, `ws://127.0.0.1:${port}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = Buffer.concat(await child.stdout.toArray()).toString();
  return JSON.parse(text) as Record<string, unknown>;
}

import { EventEmitter, once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Target } from "../../src/model/route.ts";
import { ByteReader } from "./byte-reader.ts";
import { fieldOf, type MessageText, readChunks, readHead, readLength } from "./http1-message.ts";

/** A request as it reached a target, and the connection to answer it on byte by byte. */
export interface Exchange {
  request: MessageText;
  method: string;
  /** The request target to the letter, and its path without a query. */
  url: string;
  path: string;
  /** Which of the target's connections it came on, from 1. */
  connection: number;
  socket: Socket;
  /** Resolves once the gateway has ended the connection, by FIN or by RST. */
  gone: Promise<void>;
  reader: ByteReader;
  /** Reads the body to its end, in parts when `take` is given. */
  body(take?: (part: Buffer) => void): Promise<Buffer>;
  /** Of a chunked body that was read. */
  trailers: [name: string, value: string][];
  /** Text is latin1. Resolves when the kernel has it. */
  write(bytes: string | Buffer): Promise<void>;
  /** A whole response with a length. */
  answer(body: string | Buffer, fields?: string): Promise<void>;
}

/** Answers one request. The connection goes on with the next one after it, unless it was ended. */
export type Script = (exchange: Exchange) => unknown;

/** Takes what stands before the first request on a connection. */
export type Preface = (reader: ByteReader) => Promise<unknown>;

/** A server that speaks as its scripts say, right or wrong. A path without a script is answered `ok`. */
export interface ScriptedTarget extends AsyncDisposable {
  target: Target;
  seen: Exchange[];
  /** Connections that stand. */
  sockets: Set<Socket>;
  /** Connections that ever were. */
  connections: number;
  on(path: string, script: Script): void;
  /** The next request for the path. */
  arrival(path: string): Promise<Exchange>;
}

let made = 0;

export async function startScriptedTarget(preface?: Preface): Promise<ScriptedTarget> {
  const scripts = new Map<string, Script>();
  const arrivals = new EventEmitter();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  made += 1;
  const self: ScriptedTarget = {
    target: { id: `scripted-${made}`, address: "127.0.0.1", port: 0 },
    seen: [],
    sockets,
    connections: 0,
    on: (path, script) => void scripts.set(path, script),
    arrival: async (path) => ((await once(arrivals, path)) as [Exchange])[0],
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
  const serve = async (socket: Socket, connection: number) => {
    const reader = new ByteReader(socket);
    const gone = new Promise<void>((resolve) => {
      socket.once("end", () => resolve());
      socket.once("close", () => resolve());
    });
    await preface?.(reader);
    while (socket.writable) {
      const exchange = exchangeOf(await readHead(reader), { socket, reader, connection, gone });
      self.seen.push(exchange);
      arrivals.emit(exchange.path, exchange);
      await (scripts.get(exchange.path) ?? plain)(exchange);
      await exchange.body(() => undefined);
    }
  };
  server.on("connection", (socket) => {
    self.connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A connection that ends ends its script; what a script itself gets wrong shows in its test.
    serve(socket, self.connections).catch(() => void socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  self.target.port = (server.address() as AddressInfo).port;
  return self;
}

async function plain(exchange: Exchange): Promise<void> {
  await exchange.body();
  await exchange.answer(exchange.method === "HEAD" ? "" : "ok");
}

function exchangeOf(
  request: MessageText,
  on: Pick<Exchange, "socket" | "reader" | "connection" | "gone">,
): Exchange {
  const { socket, reader } = on;
  const [method = "", url = ""] = request.startLine.split(" ");
  let read = false;
  const write = (bytes: string | Buffer) =>
    new Promise<void>((resolve) => {
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
    });
  const exchange: Exchange = {
    request,
    method,
    url,
    path: url.split("?")[0] ?? "",
    ...on,
    trailers: [],
    async body(take) {
      if (read) return Buffer.alloc(0);
      read = true;
      const parts: Buffer[] = [];
      const each = take ?? ((part: Buffer) => void parts.push(part));
      if (fieldOf(request, "transfer-encoding") !== null) exchange.trailers = await readChunks(reader, each);
      else await readLength(reader, Number(fieldOf(request, "content-length") ?? 0), each);
      return Buffer.concat(parts);
    },
    write,
    answer: (body, fields = "") =>
      write(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n`,
            "latin1",
          ),
          Buffer.from(body),
        ]),
      ),
  };
  return exchange;
}

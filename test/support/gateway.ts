import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CutoverError, type ErrorBody, fromErrorBody } from "../../src/model/error.ts";
import type { GatewayStatus, StatBucket, TableApplied } from "../../src/model/gateway-api.ts";
import type { RoutingTable } from "../../src/model/route.ts";

export interface GatewayOptions {
  /** A free port when left out. */
  httpPort?: number;
  /** Two when left out. */
  workers?: number;
  /** Directory of socket and snapshot, to start again from what another left; it is not removed then. */
  directory?: string;
  bind?: string;
  /** Settings by their names: `{ "max-line": "1k" }`. */
  settings?: Record<string, string>;
  /** Words in front of its command, such as those that enter a network namespace. */
  within?: string[];
  environment?: Record<string, string>;
}

/** A gateway process of its own on this machine. */
export interface TestGateway extends AsyncDisposable {
  httpPort: number;
  url: string;
  socketPath: string;
  directory: string;
  process: ChildProcess;
  /** JSON lines of its log so far. */
  log: string[];
  /** A request of the admin API. @throws CutoverError that the answer describes */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Events of an admin request that answers with NDJSON; ending the iteration closes the request. */
  follow<T>(path: string, body: unknown): AsyncGenerator<T>;
  put(table: RoutingTable): Promise<TableApplied>;
  status(): Promise<GatewayStatus>;
  stats(app: string): Promise<StatBucket[]>;
  /** Sends a signal and waits for the process's end. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const entry = fileURLToPath(new URL("../../src/gateway/main.ts", import.meta.url));

/** Starts the real gateway and waits until its API answers. It has no table yet: see `put`. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "cutover-gateway-")));
  const httpPort = options.httpPort ?? (await freePort());
  const socketPath = join(directory, "gateway.sock");
  const args = ["--http-port", String(httpPort), "--socket", socketPath];
  args.push("--snapshot", join(directory, "table.json"), "--workers", String(options.workers ?? 2));
  if (options.bind !== undefined) args.push("--bind", options.bind);
  for (const [name, value] of Object.entries(options.settings ?? {})) args.push(`--${name}`, value);
  const [command = "", ...words] = [...(options.within ?? []), process.execPath, entry, ...args];
  const child = spawn(command, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.environment },
  });
  // A test that ran out of time disposes of nothing; its gateway must not outlive it.
  const reap = () => void child.kill("SIGKILL");
  process.once("exit", reap);
  child.once("exit", () => process.off("exit", reap));
  const log: string[] = [];
  const ended = once(child, "exit");
  await started(child, log);
  const call = <T>(method: string, path: string, body?: unknown) =>
    adminCall<T>(socketPath, method, path, body);
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    httpPort,
    url: `http://127.0.0.1:${httpPort}`,
    socketPath,
    directory,
    process: child,
    log,
    call,
    follow: (path, body) => adminStream(socketPath, path, body),
    put: (table) => call("PUT", "/v1/table", table),
    status: () => call("GET", "/v1/status"),
    stats: async (app) => {
      const { buckets } = await call<{ buckets: StatBucket[] }>("GET", `/v1/stats?app=${app}&from=0`);
      return buckets;
    },
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end("SIGKILL");
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A TCP port that was free a moment ago, on every address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function started(child: ChildProcess, log: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = "";
    const take = (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      log.push(...lines);
      if (lines.some((line) => line.includes('"gateway started"'))) resolve();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}:\n${log.join("\n")}`)));
  });
}

function adminCall<T>(socketPath: string, method: string, path: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
        if (response.statusCode === 200) resolve(value as T);
        else reject(withStatus(value as { error: ErrorBody }, response.statusCode ?? 0));
      });
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function* adminStream<T>(socketPath: string, path: string, body: unknown): AsyncGenerator<T> {
  const call = request({ socketPath, method: "POST", path, agent: false });
  call.end(JSON.stringify(body));
  const [response] = (await once(call, "response")) as [import("node:http").IncomingMessage];
  let rest = "";
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as T;
    }
    if (response.statusCode !== 200) {
      throw withStatus(JSON.parse(rest) as { error: ErrorBody }, response.statusCode ?? 0);
    }
  } finally {
    call.destroy();
  }
}

function withStatus(value: { error: ErrorBody }, status: number): CutoverError & { status: number } {
  return Object.assign(fromErrorBody(value.error), { status });
}

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/gateway.ts";

/** A real server behind the gateway that answers each request with `METHOD URI`. */
export interface Origin extends AsyncDisposable {
  port: number;
  /** What it took for a request, in order: `METHOD URI`, or `malformed …`. */
  log: string[];
  /** Resolves once the log has the line. */
  logged(line: string): Promise<void>;
}

/** True when the program is on this machine. */
export function installed(program: string): boolean {
  return spawnSync(program, ["-v"]).error === undefined;
}

const fixtures = fileURLToPath(new URL("../../fixtures/origins", import.meta.url));

/** Lines of a log as they come, and those who wait for one. */
class Log {
  readonly lines: string[] = [];
  #waiting = new Set<() => void>();

  add(line: string): void {
    this.lines.push(line);
    for (const look of this.#waiting) look();
  }

  until(line: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.lines.includes(line)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** Starts a program and reads what it says line by line. It does not outlive the test's process. */
function start(command: string, args: string[], take: (line: string) => void): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
    });
  }
  const reap = () => void child.kill("SIGKILL");
  process.once("exit", reap);
  child.once("exit", () => process.off("exit", reap));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** A receiver of syslog messages over UDP, which nginx and HAProxy can both send their access logs to. */
async function syslog(take: (text: string) => void): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4");
  socket.on("message", (message) => take(message.toString("latin1")));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: (socket.address() as AddressInfo).port };
}

/** `200 GET /x HTTP/1.1` as the line `GET /x`, and what names no request as malformed. */
function requestLine(text: string): string {
  const [, method, uri] = /^\d+ ([!-~]+) (\S+)/.exec(text) ?? [];
  return method === undefined || text.includes("<BADREQ>") ? `malformed ${text}` : `${method} ${uri}`;
}

/** Resolves once a program takes connections on the port, and rejects when it ends before. */
async function listens(port: number, child: ChildProcess, said: string[]): Promise<void> {
  const { openRaw } = await import("../../support/raw-client.ts");
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${said.join("\n")}`);
    const client = await openRaw(port).catch(() => null);
    if (client === null) continue;
    client[Symbol.dispose]();
    return;
  }
}

export async function startNode(): Promise<Origin> {
  const log = new Log();
  const port = Promise.withResolvers<number>();
  const child = start(process.execPath, [join(fixtures, "node.mjs")], (line) => {
    if (line.startsWith("port ")) port.resolve(Number(line.slice(5)));
    else log.add(line.replace(/^request /, ""));
  });
  return {
    port: await port.promise,
    log: log.lines,
    logged: (line) => log.until(line),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

export async function startGunicorn(): Promise<Origin> {
  const log = new Log();
  const port = Promise.withResolvers<number>();
  const options = ["--bind", "127.0.0.1:0", "--worker-class", "gthread", "--threads", "8", "--workers", "1"];
  options.push("--keep-alive", "300", "--chdir", fixtures, "--log-level", "debug", "application:application");
  const child = start("gunicorn", options, (line) => {
    const [, listening] = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (listening !== undefined) port.resolve(Number(listening));
    if (line.startsWith("request ")) log.add(line.slice(8));
    if (line.includes("Invalid request")) log.add(`malformed ${line}`);
  });
  child.once("exit", () => port.reject(new Error("gunicorn ended")));
  return {
    port: await port.promise,
    log: log.lines,
    logged: (line) => log.until(line),
    async [Symbol.asyncDispose]() {
      // Its worker ends with its arbiter only when that one is asked to.
      const ended = once(child, "exit");
      child.kill("SIGQUIT");
      await ended;
    },
  };
}

export async function startNginx(): Promise<Origin> {
  const log = new Log();
  const directory = await mkdtemp(join(tmpdir(), "cutover-nginx-"));
  const port = await freePort();
  const receiver = await syslog((text) => log.add(requestLine(text.slice(text.indexOf("cutover: ") + 9))));
  const file = join(directory, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await writeFile(
    file,
    `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr emerg;
events { worker_connections 1024; }
http {
  log_format one "$status $request";
  access_log syslog:server=127.0.0.1:${receiver.port},nohostname,tag=cutover one;
${temporary.map((name) => `  ${name}_temp_path ${directory}/${name};`).join("\n")}
  keepalive_timeout 300s;
  keepalive_requests 100000;
  underscores_in_headers on;
  merge_slashes off;
  server {
    listen 127.0.0.1:${port};
    location / { default_type text/plain; return 200 "$request_method $request_uri"; }
  }
}
`,
  );
  const said: string[] = [];
  const child = start("nginx", ["-c", file, "-p", directory, "-e", "stderr"], (line) => said.push(line));
  await listens(port, child, said);
  return {
    port,
    log: log.lines,
    logged: (line) => log.until(line),
    async [Symbol.asyncDispose]() {
      await stop(child);
      receiver.socket.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** HAProxy with Node's server behind it; the log is HAProxy's. */
export async function startHaproxy(): Promise<Origin> {
  const log = new Log();
  const behind = await startNode();
  const directory = await mkdtemp(join(tmpdir(), "cutover-haproxy-"));
  const port = await freePort();
  const receiver = await syslog((text) => log.add(requestLine(text.slice(text.indexOf("cutover: ") + 9))));
  const file = join(directory, "haproxy.cfg");
  await writeFile(
    file,
    `global
  log 127.0.0.1:${receiver.port} len 65535 format raw local0
  nbthread 1
defaults
  mode http
  log global
  log-format "cutover: %ST %HM %HU"
  option dontlognull
  option http-keep-alive
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend gateway
  bind 127.0.0.1:${port}
  default_backend application
backend application
  server node 127.0.0.1:${behind.port}
`,
  );
  const said: string[] = [];
  const child = start("haproxy", ["-db", "-q", "-f", file], (line) => said.push(line));
  await listens(port, child, said);
  return {
    port,
    log: log.lines,
    logged: (line) => log.until(line),
    async [Symbol.asyncDispose]() {
      await stop(child);
      await behind[Symbol.asyncDispose]();
      receiver.socket.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

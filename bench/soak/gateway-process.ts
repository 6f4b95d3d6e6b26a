import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { requestJson, requestStream } from "../../src/wire/json-client.ts";
import { freePort } from "../../test/support/gateway.ts";
import { descendants } from "../dataplane/process-cost.ts";
import type { Held } from "./probe.ts";

/** A gateway under observation. */
export interface GatewayProcess extends AsyncDisposable {
  url: string;
  port: number;
  pid: number;
  /** Lines of its own log that are warnings or worse, the newest last. */
  complaints: string[];
  workers(): Promise<number[]>;
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  follow(path: string, body: unknown): AsyncGenerator<unknown>;
  /** What a process of it holds, after garbage was collected. */
  held(pid: number): Promise<Held>;
}

const probe = fileURLToPath(new URL("./probe.ts", import.meta.url));
const mostComplaints = 50;
const probeWithinMs = 20_000;

/** Starts a gateway from its source or its bundle. Two workers, defaults otherwise. */
export async function startGatewayProcess(entry: string): Promise<GatewayProcess> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-soak-"));
  const port = await freePort();
  const socketPath = join(directory, "gateway.sock");
  const node = ["--disable-warning=ExperimentalWarning", "--expose-gc", "--import", probe];
  const places = ["--socket", socketPath, "--snapshot", join(directory, "table.json")];
  const numbers = ["--http-port", String(port), "--bind", "127.0.0.1", "--workers", "2"];
  const child = spawn(process.execPath, [...node, entry, ...numbers, ...places], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CUTOVER_SOAK_PROBE: directory },
  });
  const ended = once(child, "exit");
  const reap = () => void child.kill("SIGKILL");
  process.once("exit", reap);
  const complaints: string[] = [];
  const started = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.includes('"gateway started"')) started.resolve();
    if (complains(line)) complaints.push(line);
    if (complaints.length > mostComplaints) complaints.shift();
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    process.off("exit", reap);
    await rm(directory, { recursive: true, force: true });
  };
  const early = ended.then(([code]) => Promise.reject(new Error(`the gateway ended with ${code}`)));
  await Promise.race([started.promise, early]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  early.catch(() => undefined);
  const pid = child.pid ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid,
    complaints,
    workers: () => descendants(pid),
    call: (method, path, body) => requestJson({ socketPath }, method, path, body),
    follow: (path, body) => requestStream({ socketPath }, "POST", path, body),
    held: (of) => readHeld(directory, of),
    [Symbol.asyncDispose]: stop,
  };
}

/** Whether a line of the gateway's log is a warning or worse. Pure. */
export function complains(line: string): boolean {
  return /^\{"level":"(warn|error|fatal)"/.test(line);
}

async function readHeld(directory: string, pid: number): Promise<Held> {
  const path = join(directory, `${pid}.json`);
  await rm(path, { force: true });
  process.kill(pid, "SIGUSR2");
  const deadline = performance.now() + probeWithinMs;
  for (;;) {
    const text = await readFile(path, "utf8").catch(() => null);
    if (text !== null) return JSON.parse(text) as Held;
    if (performance.now() > deadline) throw new Error(`process ${pid} does not say what it holds`);
    await delay(20);
  }
}

/** Number of sockets that a process has open, of any kind. */
export async function socketsOf(pid: number): Promise<number> {
  const directory = `/proc/${pid}/fd`;
  const links = (await readdir(directory)).map((name) => readlink(join(directory, name)).catch(() => ""));
  return (await Promise.all(links)).filter((link) => link.startsWith("socket:")).length;
}

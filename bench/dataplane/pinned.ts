import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A process on certain processors. */
export interface Pinned {
  pid: number;
  process: ChildProcess;
  /** Sends SIGTERM, after 5 s SIGKILL; resolves when the process has ended. */
  stop(): Promise<void>;
}

const stopWithinMs = 5_000;
const answersWithinMs = 20_000;

/** Starts a program on processors of a list; what it says goes to the end of a file. It ends with this process, however. */
export function startPinned(
  cpus: string,
  command: readonly string[],
  output: string,
  env: NodeJS.ProcessEnv = process.env,
): Pinned {
  const file = openSync(output, "a");
  const enclosed = ["--pdeathsig", "SIGTERM", "taskset", "-c", cpus, ...command];
  const child = spawn("setpriv", enclosed, { stdio: ["ignore", file, file], env });
  closeSync(file);
  const ended = once(child, "exit").catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Resolves when a port of the loopback or a socket's path takes connections. @throws with what the process said when it has ended */
export async function untilListening(where: number | string, pinned: Pinned, output: string): Promise<void> {
  const deadline = performance.now() + answersWithinMs;
  for (;;) {
    const { exitCode, signalCode } = pinned.process;
    if (exitCode !== null || signalCode !== null || performance.now() > deadline) {
      const said = await readFile(output, "utf8").catch(() => "");
      throw new Error(`nothing listens on ${where} (exit ${exitCode ?? signalCode}):\n${said.slice(-4_000)}`);
    }
    if (await takesConnections(where)) return;
    await delay(20);
  }
}

function takesConnections(where: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof where === "number" ? connect(where, "127.0.0.1") : connect(where);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

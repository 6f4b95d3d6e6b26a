import { type ChildProcess, spawn } from "node:child_process";

/** Commands that run the two programs; each may have words in front, such as those that enter a namespace. */
export interface KernelTools {
  nft: readonly string[];
  conntrack: readonly string[];
}

/** Where the daemon's image has them, with the capability to use them. */
export const imageTools: KernelTools = { nft: ["/sbin/nft"], conntrack: ["/sbin/conntrack"] };

const withinMs = 5_000;
const errorBytes = 4_096;

/** A program that was started and waits for its input. */
export interface StartedTool {
  /** Gives it all of its input. @returns its output. @throws Error with what it says when it fails or hangs */
  finish(input: string): Promise<string>;
  /** Ends it without a word. */
  cancel(): void;
}

/** Starts a program, with nothing of this process's environment. */
export function startTool(command: readonly string[], args: readonly string[]): StartedTool {
  const [program = "", ...words] = command;
  const child = spawn(program, [...words, ...args], {
    env: { PATH: process.env.PATH ?? "/bin", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const result = outcome(child, `${program.split("/").at(-1)}`);
  // It may be cancelled, or asked later.
  result.catch(() => undefined);
  child.stdin.on("error", () => undefined);
  return {
    finish(input) {
      const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
      child.stdin.end(input);
      return result.finally(() => clearTimeout(timer));
    },
    cancel: () => void child.kill("SIGKILL"),
  };
}

/** Runs a program to its end. @throws Error with what it says when it fails or hangs */
export function runTool(command: readonly string[], args: readonly string[], input = ""): Promise<string> {
  return startTool(command, args).finish(input);
}

function outcome(child: ChildProcess, name: string): Promise<string> {
  const said: Buffer[] = [];
  let complaint = "";
  child.stdout?.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => {
    if (complaint.length < errorBytes) complaint += chunk.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`${name} can't be run (${error.code})`, { cause: error })),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(said).toString("utf8"));
      else reject(new Error(`${name} ended with ${code ?? signal}: ${complaint.trim().split("\n")[0]}`));
    });
  });
}

import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program to its end and gives what it said. Never throws on a non-zero code; a program that is not there has
 * code 127. `timeoutMs` ends it with SIGKILL and code 124.
 */
export function capture(command, args, options = {}) {
  const { input, timeoutMs, onLine, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...rest });
    let stdout = "";
    let stderr = "";
    let rest0 = "";
    let timedOut = false;
    const timer = timeoutMs
      ? setTimeout(() => {
          timedOut = true;
          child.kill("SIGKILL");
        }, timeoutMs)
      : null;
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout += chunk;
      if (!onLine) return;
      const lines = (rest0 + chunk).split("\n");
      rest0 = lines.pop();
      for (const line of lines) onLine(line);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdin.on("error", () => {});
    if (input && typeof input.pipe === "function") input.pipe(child.stdin);
    else child.stdin.end(input ?? "");
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ code: 127, stdout, stderr: stderr || error.message });
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: timedOut ? 124 : (code ?? 128 + (constants.signals[signal] ?? 0)), stdout, stderr });
    });
  });
}

/**
 * Runs a program in the foreground with this process's own streams and gives its exit code. SIGTERM and SIGHUP are
 * passed on once. SIGINT is passed on once unless there is a terminal, which has given it to the program itself.
 */
export function foreground(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const passed = new Set();
    const pass = (signal) => {
      if (passed.has(signal) || (signal === "SIGINT" && process.stdin.isTTY)) return;
      passed.add(signal);
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    const end = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.on("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

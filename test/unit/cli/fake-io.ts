import { Readable } from "node:stream";
import type { Io, Output } from "../../../src/cli/io.ts";

/** What a command printed, and its signals in a test's hand. */
export interface FakeIo extends Io {
  out(): string;
  err(): string;
  signal(name: "SIGINT" | "SIGTERM"): void;
}

/** An Io that keeps what is printed. `args` as after the program's name. */
export function fakeIo(args: string[], overrides: Partial<Io> = {}): FakeIo {
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  const [stdout, out] = sink();
  const [stderr, err] = sink();
  return {
    args,
    name: "cutover",
    env: {},
    cwd: process.cwd(),
    stdin: Readable.from([]),
    stdout,
    stderr,
    unread: new AbortController().signal,
    now: () => 1_700_000_000_000,
    onSignal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...overrides,
    out,
    err,
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}

function sink(): [Output, () => string] {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
  };
  return [{ write, columns: 100 }, () => text];
}

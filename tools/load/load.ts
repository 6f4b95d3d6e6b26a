import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command, Progress, Told } from "./messages.ts";
import type { LoadOptions } from "./options.ts";
import type { LoadReport, Mark } from "./report.ts";

export type { Progress } from "./messages.ts";
export { fullMix, type LoadOptions, type Mix, plainMix } from "./options.ts";
export type { LoadReport, MarkReport } from "./report.ts";

export interface StopOptions {
  /** Expected succession of versions; see `regressions`. */
  order?: string[];
  /** File that every record is written to, one JSON object a line. */
  recordsFile?: string;
}

/** A running load. Disposing of it ends it without a report. */
export class Load implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #marks: Mark[] = [];
  readonly #exited: Promise<string>;
  readonly #watchers = new Set<() => void>();
  #progress: Progress = { requests: 0, failures: 0, version: null, underWay: false };
  #report: LoadReport | null = null;
  #ended = false;

  constructor(options: LoadOptions) {
    const [execPath = "", ...before] = [...(options.enter ?? []), process.execPath];
    this.#process = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
      execPath,
      execArgv: [...before, "--disable-warning=ExperimentalWarning"],
      serialization: "advanced",
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(error.message));
      this.#process.once("exit", (code, signal) => resolve(`exit code ${code ?? signal}`));
    });
    void this.#exited.then(() => {
      this.#ended = true;
      this.#wake();
    });
    this.#process.on("message", (message: Told) => {
      if (message.type === "progress") this.#progress = message.progress;
      else this.#report = message.report;
      this.#wake();
    });
    this.#send({ type: "start", options });
  }

  /** What the load has seen so far; at most 50 ms old. */
  get progress(): Progress {
    return this.#progress;
  }

  /** Names an instant, by default now, that the report compares latencies around. Milliseconds since the epoch. */
  mark(name: string, at = Date.now()): void {
    this.#marks.push({ name, at });
  }

  /** Resolves when the progress satisfies the predicate; throws when the load's process ends or `timeoutMs` pass. */
  async until(predicate: (progress: Progress) => boolean, timeoutMs = 60_000): Promise<Progress> {
    const deadline = performance.now() + timeoutMs;
    while (!predicate(this.#progress)) {
      if (this.#ended) throw new Error(`the load's process ended (${await this.#exited})`);
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`the load did not get there in ${timeoutMs} ms: ${JSON.stringify(this.#progress)}`);
      await this.#change(left);
    }
    return this.#progress;
  }

  /** Lets every request under way finish, ends the load and gives what it saw. */
  async stop({ order, recordsFile }: StopOptions = {}): Promise<LoadReport> {
    this.#send({ type: "stop", marks: this.#marks, order: order ?? null, recordsFile: recordsFile ?? null });
    const reason = await this.#exited;
    if (!this.#report) throw new Error(`the load's process ended without a report (${reason})`);
    return this.#report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  #send(command: Command): void {
    if (this.#process.connected) this.#process.send(command);
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#watchers.add(done);
    });
  }
}

/** Starts a load in a process of its own; resolves when every kind in the mix has had a right answer. */
export async function startLoad(options: LoadOptions, timeoutMs = 30_000): Promise<Load> {
  const load = new Load(options);
  try {
    await load.until((progress) => progress.underWay, timeoutMs);
  } catch (error) {
    await load[Symbol.asyncDispose]();
    throw error;
  }
  return load;
}

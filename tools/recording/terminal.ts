import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { distinctFrames, type Frame, type Run, readScreen } from "./screen.ts";

/** Milliseconds between two looks at the screen, and between two keys. */
const lookMs = 100;
const keyMs = 35;

interface TerminalOptions {
  columns: number;
  rows: number;
  cwd: string;
  env: Record<string, string>;
  /** Bash's start-up file of the upper pane. */
  rcFile: string;
}

/** A real terminal: a tmux server of its own with a shell above and, one line high, a program below. */
export class Terminal implements AsyncDisposable {
  readonly #socket = `cutover-recording-${process.pid}`;
  readonly #rows: number;
  readonly #frames: Frame[] = [];
  readonly #stopped = new AbortController();
  #begun = 0;
  #looking: Promise<void> = Promise.resolve();

  private constructor(rows: number) {
    this.#rows = rows;
  }

  static async open(options: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal(options.rows);
    const { columns, rows, cwd, env, rcFile } = options;
    const size = ["-x", String(columns), "-y", String(rows)];
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const shell = `bash --noprofile --rcfile '${rcFile}'`;
    await terminal.#tmux([
      "-f",
      "/dev/null",
      "-u",
      "new-session",
      "-d",
      ...size,
      "-c",
      cwd,
      ...variables,
      shell,
    ]);
    await terminal.#tmux(["set", "-g", "status", "off"]);
    await terminal.#tmux(["set", "-g", "pane-border-style", "fg=default,dim"]);
    await terminal.#tmux(["set", "-g", "pane-active-border-style", "fg=default,dim"]);
    return terminal;
  }

  /** Resolves at the shell's next prompt, which the start-up file makes signal the channel `prompt`. */
  async prompt(): Promise<void> {
    await this.#tmux(["wait-for", "prompt"]);
  }

  async below(command: string): Promise<void> {
    await this.#tmux(["split-window", "-d", "-v", "-l", "1", command]);
  }

  async type(text: string): Promise<void> {
    for (const key of text) {
      await this.#tmux(["send-keys", "-l", key]);
      await delay(keyMs);
    }
  }

  async press(key: string): Promise<void> {
    await this.#tmux(["send-keys", key]);
  }

  /** Looks at the screen from now on. */
  record(): void {
    this.#begun = performance.now();
    this.#looking = this.#look();
  }

  /** Ends looking. @throws when the screen could not be read */
  async frames(): Promise<{ frames: Frame[]; durationMs: number }> {
    const durationMs = Math.round(performance.now() - this.#begun);
    this.#stopped.abort();
    await this.#looking;
    return { frames: distinctFrames(this.#frames), durationMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#looking.catch(() => {});
    await execa("tmux", ["-L", this.#socket, "kill-server"], { reject: false });
  }

  async #look(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const at = this.#frames.length === 0 ? 0 : Math.round(performance.now() - this.#begun);
      const above = await this.#pane(0, this.#rows - 2);
      const below = await this.#pane(1, 1);
      this.#frames.push({ at, rows: [...above, [], ...below] });
      await delay(lookMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }

  async #pane(index: number, height: number): Promise<Run[][]> {
    const { stdout } = await this.#tmux(["capture-pane", "-p", "-e", "-t", `:.${index}`]);
    const rows = readScreen(stdout.split("\n"));
    return Array.from({ length: height }, (_, row) => rows[row] ?? []);
  }

  #tmux(args: string[]) {
    return execa("tmux", ["-L", this.#socket, ...args]);
  }
}

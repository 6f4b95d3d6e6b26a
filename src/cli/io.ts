/** A stream the command prints to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Everything that the command takes from its process, so that a test can give it another. */
export interface Io {
  /** Arguments after the program's name. */
  args: string[];
  /** Name the command was called by: `cutover` or `docker-cutover`. */
  name: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  /** Aborted when nobody reads stdout any more, as after `cutover logs -f | head`. */
  unread: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `listener` on every SIGINT and SIGTERM; the answer takes it away again. */
  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): () => void;
}

/** The Io of this process. */
export function processIo(): Io {
  const unread = new AbortController();
  process.stdout.on("error", () => unread.abort());
  process.stderr.on("error", () => {});
  return {
    args: process.argv.slice(2),
    name: commandName(process.env.CUTOVER_ARGV0 ?? process.argv[1] ?? "cutover"),
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    unread: unread.signal,
    now: Date.now,
    onSignal(listener) {
      process.on("SIGINT", listener);
      process.on("SIGTERM", listener);
      return () => {
        process.off("SIGINT", listener);
        process.off("SIGTERM", listener);
      };
    },
  };
}

/** `/usr/bin/docker-cutover` gives `docker-cutover`; everything else is `cutover`. */
function commandName(path: string): string {
  return /(?:^|[\\/])docker-cutover(?:\.(?:exe|mjs))?$/.test(path) ? "docker-cutover" : "cutover";
}

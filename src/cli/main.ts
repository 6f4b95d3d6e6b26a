import { processIo } from "./io.ts";
import { runCli } from "./run.ts";

const io = processIo();
const exit = await runCli(io);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exit);

/** Resolves when all that was written has left the process, or nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.errored) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}

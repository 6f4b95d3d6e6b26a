import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Loaded into each process of the gateway before its own code: on SIGUSR2 it collects garbage and writes what is left
 * to a file named by the process, in the directory `CUTOVER_SOAK_PROBE`.
 */

/** What one process holds when nothing is going on. Bytes; handles by kind. */
export interface Held {
  heap: number;
  /** Of buffers and other memory outside of the heap. */
  external: number;
  resident: number;
  handles: Record<string, number>;
}

function held(): Held {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { heap: heapUsed, external, resident: rss, handles };
}

const directory = process.env.CUTOVER_SOAK_PROBE;
if (directory !== undefined) {
  process.on("SIGUSR2", () => {
    const path = join(directory, `${process.pid}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(held()));
    renameSync(`${path}.new`, path);
  });
}

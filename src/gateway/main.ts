import { createLog } from "./log.ts";
import { readOptions } from "./options.ts";
import { runPrimary } from "./primary/run.ts";

/** Workers have a program of their own, so that none holds in memory what only the primary needs. */
const source = import.meta.url.endsWith(".ts");
const workerProgram = new URL(source ? "./worker-main.ts" : "./gateway-worker.mjs", import.meta.url);

try {
  await runPrimary(readOptions(process.argv.slice(2), process.env), workerProgram);
} catch (error) {
  createLog({}).fatal({ err: error }, "the gateway can't start");
  process.exit(1);
}

import cluster from "node:cluster";
import { createLog } from "./log.ts";
import { readOptions } from "./options.ts";
import { runPrimary } from "./primary/run.ts";
import { runWorker } from "./worker.ts";

if (cluster.isPrimary) {
  try {
    await runPrimary(readOptions(process.argv.slice(2), process.env));
  } catch (error) {
    createLog({}).fatal({ err: error }, "the gateway can't start");
    process.exit(1);
  }
} else {
  runWorker(readOptions(process.argv.slice(2), process.env));
}

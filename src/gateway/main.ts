import { removeKernelRules } from "./kernel/kernel-switch.ts";
import { imageTools } from "./kernel/tools.ts";
import { createLog } from "./log.ts";
import { readOptions } from "./options.ts";
import { runPrimary } from "./primary/run.ts";

/** Workers have a program of their own, so that none holds in memory what only the primary needs. */
const source = import.meta.url.endsWith(".ts");
const workerProgram = new URL(source ? "./worker-main.ts" : "./gateway-worker.mjs", import.meta.url);

try {
  if (process.argv[2] === "remove-kernel-rules") {
    await removeKernelRules(process.env.CUTOVER_INSTANCE || "cutover", imageTools);
    process.exit(0);
  }
  await runPrimary(readOptions(process.argv.slice(2), process.env), workerProgram);
} catch (error) {
  createLog({}).fatal({ err: error }, "the gateway can't start");
  process.exit(1);
}

import { readOptions } from "./options.ts";
import { runWorker } from "./worker.ts";

runWorker(readOptions(process.argv.slice(2), process.env));

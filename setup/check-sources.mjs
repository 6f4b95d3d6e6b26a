import { violations } from "./source-rules.mjs";

/** Program of the check `rules`; runs on the project's Node. */
const found = await violations();
for (const line of found) process.stdout.write(`${line}\n`);
process.exitCode = found.length === 0 ? 0 : 1;

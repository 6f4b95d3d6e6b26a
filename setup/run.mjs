#!/usr/bin/env node
import { ensureDependencies } from "./dependencies.mjs";
import { projectEnvironment, projectNode } from "./node.mjs";
import { root } from "./paths.mjs";
import { foreground } from "./process.mjs";
import { SetupError } from "./say.mjs";

/**
 * What `npm run …` calls. Brings what the command needs, then runs it on the project's Node:
 * demo, test, bench, engine start|stop|status, build, check.
 */
const commands = {
  build: async () => {
    const { build } = await import("./build.mjs");
    await build();
    return 0;
  },
};

async function main([name, ...args]) {
  const command = commands[name];
  if (!command) {
    throw new SetupError(`usage: node setup/run.mjs ${Object.keys(commands).join("|")} [arguments]`, 2);
  }
  await ensureDependencies();
  const node = await projectNode();
  return command({ args, node, env: projectEnvironment(node), root, foreground });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

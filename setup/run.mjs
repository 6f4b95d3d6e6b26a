#!/usr/bin/env node
import { ensureDependencies } from "./dependencies.mjs";
import { projectEnvironment, projectNode } from "./node.mjs";
import { root } from "./paths.mjs";
import { foreground } from "./process.mjs";
import { SetupError } from "./say.mjs";

/**
 * What `npm run …` calls: brings what the command needs, runs it on the project's Node, and takes away again what
 * it brought and must not stay. Runs on Node 20 and imports nothing from node_modules before `npm ci` has been done.
 */
const commands = {
  build: async () => {
    const { build } = await import("./build.mjs");
    await build();
    return 0;
  },

  check: async ({ env }) => {
    const { check } = await import("./checks.mjs");
    return summary(await check(env));
  },

  test: async ({ args, env }) => summary(await tests(args, env)),

  ci: async ({ env }) => {
    const { check } = await import("./checks.mjs");
    const checked = await check(env);
    const tested = await tests([], { ...env, CI: "1" });
    return summary({ passed: checked.passed + tested.passed, failed: checked.failed + tested.failed });
  },

  demo: async ({ args, node, env }) => {
    const images =
      args.includes("flask") || args.includes("--example=flask") ? ["python:3-slim"] : ["node:24-slim"];
    return withEngine({ images, keep: args.includes("--keep") }, () =>
      script(node, "tools/demo/main.ts", args, env),
    );
  },

  bench: async ({ args, node, env }) => {
    const run = () => script(node, "bench/main.ts", args, env);
    const { ensureDataplanePrograms, ensureNginx } = await import("./bench-programs.mjs");
    if (args.includes("deploy")) {
      return withEngine({ images: ["node:24-slim"] }, async () => {
        await ensureNginx();
        return run();
      });
    }
    const { ensureBuilt } = await import("./build.mjs");
    if (args.includes("dataplane")) await ensureDataplanePrograms();
    if (args.includes("dataplane") || args.includes("soak")) await ensureBuilt();
    return run();
  },

  fuzz: async ({ args, node, env }) => script(node, "test/fuzz/main.ts", args, env),

  engine: async ({ args }) => {
    const { engineCommand } = await import("./engine.mjs");
    return engineCommand(args);
  },
};

/** Prints the last line of a run; non-zero when something failed. */
function summary({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

async function tests(args, env) {
  const { needsEngine, needsServers, runTests } = await import("./tests.mjs");
  if (needsServers(args)) {
    const { ensureTestServers } = await import("./test-servers.mjs");
    await ensureTestServers();
  }
  if (!needsEngine(args)) return runTests(args, env);
  return withEngine({ images: ["node:24-slim", "python:3-slim"] }, () => runTests(args, env));
}

function script(node, path, args, env) {
  return foreground(node, ["--disable-warning=ExperimentalWarning", path, ...args], { cwd: root, env });
}

/** Runs `use` with the bundles built, an engine that answers and base images in it. */
async function withEngine({ images, keep = false }, use) {
  const { ensureBuilt } = await import("./build.mjs");
  const { ensureEngine, stopEngine } = await import("./engine.mjs");
  const { ensureBaseImages, removeStandIns } = await import("./base-images.mjs");
  await ensureBuilt();
  const started = await ensureEngine();
  let brought = [];
  try {
    brought = await ensureBaseImages(images);
    return await use();
  } finally {
    if (!keep) await removeStandIns(brought);
    if (!keep && started) await stopEngine();
  }
}

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? "") ? commands[name] : null;
  if (!command) {
    throw new SetupError(`usage: node setup/run.mjs ${Object.keys(commands).join("|")} [arguments]`, 2);
  }
  await ensureDependencies();
  const node = await projectNode();
  return command({ args, node, env: projectEnvironment(node) });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

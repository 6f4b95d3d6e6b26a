import { capture } from "./process.mjs";
import { root } from "./paths.mjs";
import { seconds } from "./say.mjs";

const programs = [
  ["format", "biome", ["format", "--error-on-warnings"]],
  ["lint", "biome", ["lint", "--error-on-warnings"]],
  ["types", "tsc", ["--project", "."]],
  ["unused", "knip", []],
  ["rules", "node", ["setup/check-sources.mjs"]],
];

/** Runs one program; its output is shown only when it fails. */
async function runProgram([name, command, args], env) {
  const from = performance.now();
  const { code, stdout, stderr } = await capture(command, args, { cwd: root, env });
  return { name, good: code === 0, output: `${stdout}${stderr}`.trim(), took: seconds(from) };
}

/** Format, lint, types, unused code, and the rules of the sources. Gives how many passed and failed. */
export async function check(env) {
  const results = [];
  for (const program of programs) results.push(await runProgram(program, env));
  for (const { name, good, output, took } of results) {
    if (!good) process.stdout.write(`${output}\n`);
    process.stdout.write(`${good ? "ok    " : "FAILED"} ${name} (${took})\n`);
  }
  const passed = results.filter((result) => result.good).length;
  return { passed, failed: results.length - passed };
}

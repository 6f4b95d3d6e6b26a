import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { foreground } from "./process.mjs";

/** True when the arguments name only tests that need no engine. */
export function needsEngine(args) {
  const project = args.indexOf("--project");
  if (project >= 0) return !/^(unit|conformance)/.test(args[project + 1]);
  const paths = args.filter((arg) => !arg.startsWith("-"));
  return (
    paths.length === 0 || paths.some((path) => !/^(\.\/)?test\/(unit|property|conformance)\b/.test(path))
  );
}

/** True when the arguments name tests of conformance, or all. */
export function needsServers(args) {
  const project = args.indexOf("--project");
  if (project >= 0) return /^conformance/.test(args[project + 1]);
  const paths = args.filter((arg) => !arg.startsWith("-"));
  return paths.length === 0 || paths.some((path) => /^(\.\/)?test\/?(conformance\b|$)/.test(path));
}

/** Runs vitest with the arguments. Gives how many tests passed and failed; a run that broke counts as one failed. */
export async function runTests(args, env) {
  const directory = await mkdtemp(join(tmpdir(), "cutover-tests-"));
  const file = join(directory, "result.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const code = await foreground("vitest", ["run", ...reporters, ...args], { cwd: root, env });
    const result = await readFile(file, "utf8").then(JSON.parse, () => null);
    if (!result) return { passed: 0, failed: 1, code: code || 1 };
    const suites = result.testResults.filter(({ status, assertionResults }) => {
      return status === "failed" && !assertionResults.some((test) => test.status === "failed");
    });
    const failed = result.numFailedTests + suites.length;
    return { passed: result.numPassedTests, failed: failed || Number(code !== 0), code };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

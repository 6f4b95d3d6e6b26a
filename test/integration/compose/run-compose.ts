import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { RunCompose } from "../../../src/compose/resolve.ts";

export const fixtures = fileURLToPath(new URL("../../fixtures/compose", import.meta.url));

/** Environment of the fixtures: nothing of the developer's own compose settings. */
export const env = {
  PATH: process.env.PATH ?? "",
  HOME: process.env.HOME ?? "",
  ...(process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST }),
  CUTOVER_TEST_TOKEN: "a-token",
};

/** The real docker compose, run in a directory. */
export function composeIn(cwd: string, extra: Record<string, string> = {}): RunCompose {
  return async (args, options = {}) => {
    const result = await execa("docker", ["compose", ...args], {
      cwd,
      env: { ...env, ...extra },
      extendEnv: false,
      reject: false,
      input: options.input ?? "",
    });
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 };
  };
}

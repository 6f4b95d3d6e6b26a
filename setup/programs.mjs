import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { install, isRoot } from "./apt.mjs";
import { capture } from "./process.mjs";

/** Asked by Debian's packages before they start a service: exit code 101 forbids it. */
const policy = "/usr/sbin/policy-rc.d";

/** What `capture` gives for a program that is not there. */
const noSuchProgram = 127;

/**
 * Packages of those programs that are not there. `trial` is a command line to find out: it fails to start where there is
 * no such program; with `mustSucceed` it has to end with 0 too.
 */
export async function missingPackages(programs) {
  const missing = [];
  for (const { trial, packages, mustSucceed = false } of programs) {
    const [command, ...args] = trial;
    const { code } = await capture(command, args);
    if (code === noSuchProgram || (mustSucceed && code !== 0)) missing.push(...packages);
  }
  return missing;
}

/** Installs packages without starting a service. Needs root on Debian or Ubuntu. */
export async function installQuietly(packages, purpose) {
  const own = isRoot() && !existsSync(policy);
  try {
    if (own) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await install(packages, purpose);
  } finally {
    if (own) await rm(policy, { force: true });
  }
}

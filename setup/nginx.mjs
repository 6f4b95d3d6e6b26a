import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { install, isRoot } from "./apt.mjs";
import { capture } from "./process.mjs";

/** Asked by Debian's packages before they start a service: exit code 101 forbids it. */
const policy = "/usr/sbin/policy-rc.d";

/** Installs nginx where there is none, without starting it. Needs root on Debian or Ubuntu then. */
export async function ensureNginx() {
  const { code } = await capture("nginx", ["-v"]);
  if (code === 0) return;
  const own = isRoot() && !existsSync(policy);
  try {
    if (own) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await install(["nginx"], "for the bench's comparison with a rotation behind nginx");
  } finally {
    if (own) await rm(policy, { force: true });
  }
}

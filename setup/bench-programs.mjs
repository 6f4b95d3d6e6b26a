import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { install, isRoot } from "./apt.mjs";
import { capture } from "./process.mjs";

/** Asked by Debian's packages before they start a service: exit code 101 forbids it. */
const policy = "/usr/sbin/policy-rc.d";

const noSuchProgram = 127;

const nginx = { program: "nginx", packages: ["nginx"] };

/** What the bench of the data plane runs: the other proxies, a load generator, and a compiler for tools of its own. */
const dataplane = [
  nginx,
  { program: "haproxy", packages: ["haproxy"] },
  { program: "caddy", packages: ["caddy"] },
  { program: "wrk", packages: ["wrk"] },
  { program: "cc", packages: ["gcc", "libc6-dev"] },
  { program: "taskset", packages: ["util-linux"] },
];

/** Installs nginx where there is none, without starting it. Needs root on Debian or Ubuntu then. */
export async function ensureNginx() {
  await ensure([nginx], "for the bench's comparison with a rotation behind nginx");
}

/** Installs what is missing of HAProxy, nginx, Caddy, wrk and a C compiler, without starting any service. */
export async function ensureDataplanePrograms() {
  await ensure(dataplane, "for the bench's comparison with other proxies");
}

async function ensure(programs, purpose) {
  const missing = [];
  for (const { program, packages } of programs) {
    const { code } = await capture(program, ["-v"]);
    if (code === noSuchProgram) missing.push(...packages);
  }
  if (missing.length === 0) return;
  const own = isRoot() && !existsSync(policy);
  try {
    if (own) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await install(missing, purpose);
  } finally {
    if (own) await rm(policy, { force: true });
  }
}

import { installQuietly, missingPackages } from "./programs.mjs";

const nginx = { trial: ["nginx", "-v"], packages: ["nginx"] };

/** What the bench of the data plane runs: the other proxies, a load generator, and a compiler for tools of its own. */
const dataplane = [
  nginx,
  { trial: ["haproxy", "-v"], packages: ["haproxy"] },
  { trial: ["caddy", "version"], packages: ["caddy"] },
  { trial: ["wrk", "-v"], packages: ["wrk"] },
  { trial: ["cc", "--version"], packages: ["gcc", "libc6-dev"] },
  { trial: ["taskset", "--version"], packages: ["util-linux"] },
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
  const missing = await missingPackages(programs);
  if (missing.length > 0) await installQuietly(missing, purpose);
}

/**
 * `npm ci` refuses a lock file that leaves out an optional package of another platform, and npm leaves those out when
 * the registry in use does not carry them. `node setup/lockfile.mjs` writes them in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./paths.mjs";

/** Optional packages that a package in the lock file names and that no entry stands for. */
export function missingOptional({ packages }) {
  const found = new Map();
  for (const [path, { optionalDependencies = {}, dev = false, license }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!resolves(packages, path, name)) found.set(name, { name, version, dev, license });
    }
  }
  return [...found.values()];
}

/** As Node looks a package up: in the folder's own node_modules, then in each one above. */
function resolves(packages, from, name) {
  for (let at = from; ; ) {
    if (packages[join(at, "node_modules", name)]) return true;
    if (at === "") return false;
    const up = at.lastIndexOf("node_modules/");
    at = up <= 0 ? "" : at.slice(0, up - 1);
  }
}

/** The entry of a package for one platform, whose name ends with os, processor and C library. No integrity is known. */
export function platformEntry({ name, version, dev, license }) {
  const match =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(gnu|musl))?/.exec(
      name,
    );
  if (!match || !/^\d+\.\d+\.\d+$/.test(version))
    throw new Error(`${name} ${version}: no package of one platform`);
  const [, os, cpu, libc] = match;
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev } : {}),
    ...(libc ? { libc: [libc === "gnu" ? "glibc" : "musl"] } : {}),
    license,
    optional: true,
    os: [os],
  };
}

export function completed(lock) {
  const added = missingOptional(lock).map((each) => [`node_modules/${each.name}`, platformEntry(each)]);
  const entries = [...Object.entries(lock.packages), ...added];
  const order = ([a], [b]) => (a < b ? -1 : Number(a > b));
  return { ...lock, packages: Object.fromEntries(entries.sort(order)) };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const path = join(root, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const { name, version } of missingOptional(lock)) process.stdout.write(`${name} ${version}\n`);
  writeFileSync(path, `${JSON.stringify(completed(lock), null, 2)}\n`);
}

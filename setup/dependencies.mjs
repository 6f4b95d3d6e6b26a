import { readFileSync } from "node:fs";
import { join } from "node:path";
import { foreground } from "./process.mjs";
import { root } from "./paths.mjs";
import { SetupError, say } from "./say.mjs";

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  } catch {
    return null;
  }
}

/**
 * Why node_modules is not what package-lock.json says, or null when it is. Compares versions, not file times: a
 * package for another platform may be missing.
 */
export function staleReason(lock, installed) {
  if (!installed) return "node_modules is missing";
  for (const [path, wanted] of Object.entries(lock)) {
    if (path === "" || wanted.link) continue;
    const has = installed[path];
    if (!has && !wanted.optional) return `${path} is missing`;
    if (has && has.version !== wanted.version)
      return `${path} is ${has.version}, wanted is ${wanted.version}`;
  }
  return null;
}

/** Brings node_modules to what package-lock.json says; does nothing when it is. */
export async function ensureDependencies() {
  const lock = packagesIn(join(root, "package-lock.json"));
  if (!lock) throw new SetupError("package-lock.json is missing or damaged.", 1);
  const reason = staleReason(lock, packagesIn(join(root, "node_modules", ".package-lock.json")));
  if (!reason) return;
  say(`npm ci (${reason})`);
  const args = ["ci", "--include=dev", "--include=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith("npm-cli.js") ? [process.execPath, [npm]] : ["npm", []];
  const code = await foreground(command, [...first, ...args], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
  });
  if (code !== 0) throw new SetupError(`npm ci failed (exit code ${code}); its message stands above.`);
}

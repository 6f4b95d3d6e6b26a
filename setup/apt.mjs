import { readFileSync } from "node:fs";
import { capture } from "./process.mjs";
import { SetupError, say } from "./say.mjs";

/** Fields of /etc/os-release; empty where there is none. */
export function osRelease() {
  try {
    const lines = readFileSync("/etc/os-release", "utf8").split("\n");
    const pairs = lines.map((line) => /^([A-Z_]+)="?([^"]*)"?$/.exec(line)).filter(Boolean);
    return Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
  } catch {
    return {};
  }
}

export const isRoot = () => process.getuid?.() === 0;

/** Runs apt-get without questions; throws with its last lines when it fails. */
export async function aptGet(args, options = []) {
  const { code, stdout, stderr } = await capture("apt-get", [...options, "-q", "-y", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
  });
  if (code !== 0) {
    const last = (stderr.trim() || stdout.trim()).split("\n").slice(-8).join("\n");
    throw new SetupError(`apt-get ${args.join(" ")} failed:\n${last}`);
  }
}

/** The distribution's own keys, which its archives are signed with. */
export function keyring() {
  return `/usr/share/keyrings/${osRelease().ID}-archive-keyring.gpg`;
}

/**
 * The machine's own package sources of its own release: where its archives are, whatever mirror or snapshot it uses.
 * Reads apt's lists, so it is empty before the first `apt-get update`.
 */
export async function archives() {
  const { VERSION_CODENAME: suite } = osRelease();
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
  const { stdout } = await capture("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const rows = stdout.split("\n").map((line) => line.split("|"));
  return rows
    .filter(
      ([, release]) => release === suite || release === `${suite}-updates` || release === `${suite}-security`,
    )
    .map(([uri, release, component]) => ({ uri, release, component, keyring: keyring() }));
}

let updated = false;

/** Installs packages from the machine's own sources, saying what for. Needs root on Debian or Ubuntu. */
export async function install(packages, purpose) {
  const { ID = "", ID_LIKE = "" } = osRelease();
  if (!isRoot() || !/\b(debian|ubuntu)\b/.test(`${ID} ${ID_LIKE}`)) {
    throw new SetupError(`${packages.join(", ")} is needed ${purpose}. Install it and run this again.`);
  }
  say(`apt-get install ${packages.join(" ")} (${purpose})`);
  if (!updated) await aptGet(["update"]);
  updated = true;
  // Another process may be installing too.
  await aptGet(["install", "--no-install-recommends", ...packages], ["-o", "DPkg::Lock::Timeout=300"]);
}

import { cpSync, existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptGet, archives, install, keyring, osRelease } from "./apt.mjs";
import { SetupError, say, seconds } from "./say.mjs";

/**
 * The packages that bring engine, command, compose and buildx on a release of Debian or Ubuntu; null elsewhere.
 * Debian 12 itself has an engine but no Compose v2: there they come from the next release (`foreign`).
 */
export function packagesFor({ ID, ID_LIKE = "", VERSION_ID = "" }) {
  const debian = ["docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables"];
  if (ID === "debian" && VERSION_ID === "12") return { names: debian, foreign: "trixie" };
  if (ID === "debian" && Number(VERSION_ID) >= 13) return { names: debian, foreign: null };
  if (ID === "ubuntu" || ID_LIKE.split(" ").includes("ubuntu")) {
    return { names: ["docker.io", "docker-compose-v2", "docker-buildx"], foreign: null };
  }
  return null;
}

/** Installs what `packagesFor` names, saying what for. Needs root. */
export async function installEngine(missing) {
  const from = performance.now();
  const { names, foreign } = packagesFor(osRelease());
  if (foreign) await installFrom(foreign, names, missing);
  else await install(names, `missing: ${missing.join(", ")}`);
  say(`installed in ${seconds(from)}`);
}

/**
 * Installs packages of another release from this machine's own mirror. Sources and preferences stand in a folder of
 * their own for this one run of apt: nothing is left in /etc/apt, so a later upgrade never draws on that release.
 * Only the named packages may come from it; what they need beside (containerd, runc, libc) stays this release's.
 */
async function installFrom(suite, names, missing) {
  say(`apt-get install ${names.join(" ")} from ${suite} (missing: ${missing.join(", ")})`);
  say(
    `apt's own sources stay as they are: apt will not upgrade these packages before this machine is on ${suite}`,
  );
  if ((await archives()).length === 0) await aptGet(["update"]);
  const archive = (await archives()).find(
    ({ release, component }) => release === osRelease().VERSION_CODENAME && component === "main",
  );
  if (!archive)
    throw new SetupError("apt knows no package source of this release; see /etc/apt/sources.list.d.");
  const directory = await mkdtemp(join(tmpdir(), "cutover-apt-"));
  try {
    const sources = join(directory, "sources.list.d");
    const preferences = join(directory, "preferences.d");
    for (const [from, to] of [
      ["/etc/apt/sources.list.d", sources],
      ["/etc/apt/preferences.d", preferences],
    ]) {
      await mkdir(to);
      if (existsSync(from)) cpSync(from, to, { recursive: true });
    }
    await mkdir(join(directory, "lists", "partial"), { recursive: true });
    await chmod(directory, 0o755);
    await writeFile(
      join(sources, "cutover.list"),
      `deb [signed-by=${keyring()}] ${archive.uri} ${suite} main\n`,
    );
    await writeFile(join(preferences, "cutover"), pins(suite, names));
    const options = [
      `Dir::Etc::SourceParts=${sources}`,
      `Dir::Etc::PreferencesParts=${preferences}`,
      `Dir::State::Lists=${join(directory, "lists")}`,
    ].flatMap((option) => ["-o", option]);
    await aptGet(["update"], options);
    await aptGet(["install", "--no-install-recommends", ...names], options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function pins(suite, names) {
  const own = names.filter((name) => name.startsWith("docker"));
  return [
    `Package: *\nPin: release n=${suite}\nPin-Priority: -1\n`,
    `Package: ${own.join(" ")}\nPin: release n=${suite}\nPin-Priority: 990\n`,
  ].join("\n");
}

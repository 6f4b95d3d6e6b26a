import { existsSync } from "node:fs";
import { lstat, mkdir, readlink, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CutoverError } from "../../model/error.ts";
import type { Context, Result } from "../context.ts";

/** Where Docker's CLI looks for a user's plugins: `cli-plugins` in DOCKER_CONFIG, else in `~/.docker`. */
function pluginPath(env: NodeJS.ProcessEnv): string {
  return join(env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker"), "cli-plugins", "docker-cutover");
}

/** The launcher of this installation: `bin/cutover` in the nearest directory above this module that has one. */
function launcherPath(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "bin", "cutover"))) {
    if (dirname(directory) === directory) {
      throw new CutoverError("INTERNAL", "The launcher bin/cutover is not beside this command.");
    }
    directory = dirname(directory);
  }
  return join(directory, "bin", "cutover");
}

/**
 * Makes `docker cutover` work: links the launcher into Docker's plugin directory. Doing it again changes nothing.
 * @throws USAGE when something else stands there
 */
export async function installPlugin(context: Context, target = launcherPath()): Promise<Result> {
  const path = pluginPath(context.env);
  const existing = await linkTarget(path);
  if (existing.kind === "other") {
    throw new CutoverError("USAGE", `${path} exists and is no link made by Cutover.`, {
      hint: "Move it away, then run `cutover plugin install` again.",
    });
  }
  if (existing.kind === "link" && existing.target !== target) await rm(path);
  if (existing.kind !== "link" || existing.target !== target) {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, path);
  }
  return {
    exit: 0,
    data: { path, target },
    text: `${path} → ${target}\n\`docker cutover deploy\` works now.\n`,
  };
}

/** Takes the link away again; nothing but a link is ever removed. */
export async function uninstallPlugin(context: Context): Promise<Result> {
  const path = pluginPath(context.env);
  const existing = await linkTarget(path);
  if (existing.kind === "other") {
    throw new CutoverError("USAGE", `${path} is no link made by Cutover.`, { hint: "Remove it by hand." });
  }
  if (existing.kind === "link") await rm(path);
  const text = existing.kind === "link" ? `${path} removed.\n` : `${path} is not there.\n`;
  return { exit: 0, data: { path }, text };
}

type Existing = { kind: "none" } | { kind: "link"; target: string } | { kind: "other" };

/** A link to a file called `cutover` or `docker-cutover` is taken for one of ours. */
async function linkTarget(path: string): Promise<Existing> {
  const found = await lstat(path).catch(() => null);
  if (!found) return { kind: "none" };
  if (!found.isSymbolicLink()) return { kind: "other" };
  const target = await readlink(path);
  return /(?:^|\/)(?:docker-)?cutover$/.test(target) ? { kind: "link", target } : { kind: "other" };
}

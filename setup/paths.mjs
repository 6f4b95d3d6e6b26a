import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root directory. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where things that can be made again are kept between runs: base images, the compile cache. */
export function cacheDirectory() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, "cutover");
  const home = homedir();
  return home && home !== "/"
    ? join(home, ".cache", "cutover")
    : join(root, "node_modules", ".cache", "cutover");
}

/** Where the log and the pid of an engine that set-up started are kept. */
export function stateDirectory() {
  if (process.env.XDG_STATE_HOME) return join(process.env.XDG_STATE_HOME, "cutover");
  const home = homedir();
  return home && home !== "/"
    ? join(home, ".local", "state", "cutover")
    : join(root, "node_modules", ".cache", "cutover");
}

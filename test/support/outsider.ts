import { chmod, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Cutover installed where every user of the machine can read it. */
export interface PublicCopy extends AsyncDisposable {
  /** Also a home directory that everybody may write to. */
  directory: string;
  /** `setpriv …/bin/cutover`: the command as a user who may do nothing. Needs root. */
  asNobody: string[];
}

/** Copies launcher, bundle and Node out of a directory that may be root's alone. */
export async function publicCopy(): Promise<PublicCopy> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-public-"));
  const node = join(directory, "node_modules", `node-linux-${process.arch}`, "bin");
  await mkdir(node, { recursive: true });
  await cp(process.execPath, join(node, "node"));
  for (const part of ["bin", "dist"]) await cp(join(root, part), join(directory, part), { recursive: true });
  await chmod(directory, 0o777);
  return {
    directory,
    asNobody: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", join(directory, "bin/cutover")],
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

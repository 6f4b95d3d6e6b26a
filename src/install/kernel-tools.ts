import { execFile } from "node:child_process";
import { access, constants, realpath, stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { CutoverError } from "../model/error.ts";
import { type ArchiveEntry, fileEntry } from "./root-archive.ts";

/** The setting for which the gateway's image has programs that change the kernel's rules. */
export const kernelSetting = "kernel-streams";

/** Programs for the daemons' image, with the libraries they need. */
export interface KernelPrograms {
  entries: ArchiveEntry[];
  /** Names them: another value means other programs. */
  identity: string;
}

const programs = ["nft", "conntrack"];
const directories = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"];
const run = promisify(execFile);

/**
 * This machine's own nft and conntrack, which may administer the network whoever runs them, and their shared
 * libraries, each at its own path.
 * @throws CutoverError DAEMON_IMAGE when one is not installed
 */
export async function kernelPrograms(): Promise<KernelPrograms> {
  const paths = await Promise.all(programs.map(find));
  const libraries = new Set((await Promise.all(paths.map(librariesOf))).flat());
  const files = await Promise.all([...paths, ...[...libraries].sort()].map(describe));
  return {
    entries: files.map(({ path, source, size }, index) => {
      const name = programs[index];
      if (name === undefined) return fileEntry(path, source, size, 0o755);
      return { ...fileEntry(`/sbin/${name}`, source, size, 0o755), capability: "administer-network" };
    }),
    identity: files.map(({ path, source, size }) => `${path} ${basename(source)} ${size}`).join("\n"),
  };
}

/** The error where programs of this machine can't run on the engine's. */
export function kernelProgramsElsewhere(): CutoverError {
  return new CutoverError(
    "DAEMON_IMAGE",
    `\`${kernelSetting}\` needs an engine on which this machine's own Node and nft run.`,
    {
      hint: `Run \`cutover up\` on the engine's machine, or go back with \`cutover up --gateway ${kernelSetting}=\`.`,
    },
  );
}

async function find(name: string): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new CutoverError(
    "DAEMON_IMAGE",
    `\`${kernelSetting}\` needs the program ${name}, which is not installed.`,
    {
      hint: `Install it (the packages are nftables and conntrack), or go back with \`cutover up --gateway ${kernelSetting}=\`.`,
    },
  );
}

/** glibc's own loader lists what it would load: `name => path (address)`, and its own path alone. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run(program, [], { env: { LD_TRACE_LOADED_OBJECTS: "1" } });
  return stdout.split("\n").flatMap((line) => {
    const path = /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1];
    return path !== undefined && isAbsolute(path) ? [path] : [];
  });
}

async function describe(path: string): Promise<{ path: string; source: string; size: number }> {
  const source = await realpath(path);
  return { path, source, size: (await stat(source)).size };
}

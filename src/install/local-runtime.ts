import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import type { EngineHost } from "../engine/host.ts";
import { nodePath } from "./names.ts";
import { type ArchiveEntry, fileEntry } from "./root-archive.ts";

/** Node as it runs here, with all that it needs to run by itself. */
export interface LocalRuntime {
  entries: ArchiveEntry[];
  /** Names it: another value means another runtime. */
  identity: string;
}

const reportSchema = z.object({
  header: z.object({ glibcVersionRuntime: z.string().optional() }),
  sharedObjects: z.array(z.string()),
});

const oldestNode = 24;
const dockerArchitecture: Record<string, string> = { x64: "amd64", arm64: "arm64", arm: "arm" };
/** Loaded by glibc before 2.34 when a name is looked up; part of libc itself since. */
const nameServices = /^(libnss_(files|dns)|libresolv)\.so\.2$/;

/**
 * This process's own Node binary and the shared libraries it has loaded, each at its own path, the ELF interpreter
 * among them. Null where that can't run on the engine: another system or architecture, no glibc, Node before 24.
 */
export async function localRuntime(host: EngineHost): Promise<LocalRuntime | null> {
  const report = readReport();
  const fits =
    process.platform === "linux" &&
    host.operatingSystem === "linux" &&
    host.architecture === dockerArchitecture[process.arch] &&
    report.header.glibcVersionRuntime !== undefined &&
    Number(process.versions.node.split(".")[0]) >= oldestNode;
  if (!fits) return null;
  const loaded = report.sharedObjects.filter((path) => isAbsolute(path) && path !== process.execPath);
  if (!loaded.some((path) => basename(path).startsWith("ld"))) return null;
  const libraries = await Promise.all(
    [...new Set([...loaded, ...(await besideLibc(loaded))])].sort().map(describe),
  );
  const node = await describe(process.execPath);
  return {
    entries: [
      { ...fileEntry(nodePath, node.source, node.size, 0o755), capability: "bind-low-ports" },
      ...libraries.map(({ path, source, size }) => fileEntry(path, source, size, 0o755)),
    ],
    identity: [
      `${process.version} ${process.arch} ${node.size}`,
      ...libraries.map(({ path, source, size }) => `${path} ${basename(source)} ${size}`),
    ].join("\n"),
  };
}

/** Without `excludeNetwork` a report looks up the names of all peers. */
function readReport(): z.infer<typeof reportSchema> {
  const before: unknown = Reflect.get(process.report, "excludeNetwork");
  Reflect.set(process.report, "excludeNetwork", true);
  try {
    return reportSchema.parse(process.report.getReport());
  } finally {
    Reflect.set(process.report, "excludeNetwork", before);
  }
}

async function besideLibc(loaded: string[]): Promise<string[]> {
  const libc = loaded.find((path) => basename(path) === "libc.so.6");
  if (!libc) return [];
  const directory = dirname(libc);
  const names = await readdir(directory);
  return names.filter((name) => nameServices.test(name)).map((name) => join(directory, name));
}

async function describe(path: string): Promise<{ path: string; source: string; size: number }> {
  const source = await realpath(path);
  return { path, source, size: (await stat(source)).size };
}

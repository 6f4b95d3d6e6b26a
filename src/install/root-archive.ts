import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { directories, gatewayUser } from "./names.ts";

/** A file or directory of an image. Paths are absolute. */
export interface ArchiveEntry {
  path: string;
  mode: number;
  owner?: number;
  /** Left out: a directory. `size` in bytes. */
  content?: Buffer | { source: () => Readable; size: number };
  /** What the program may do whoever runs it: bind ports below 1024, or administer the network. */
  capability?: "bind-low-ports" | "administer-network";
}

/** Numbers of CAP_NET_BIND_SERVICE and CAP_NET_ADMIN (linux/capability.h). */
const capabilityNumber = { "bind-low-ports": 10, "administer-network": 12 };

/**
 * The extended attribute `security.capability` as the kernel stores it (`struct vfs_cap_data`, revision 2, in
 * linux/capability.h): one capability below 16 permitted, and effective at once.
 */
function capabilityAttribute(capability: keyof typeof capabilityNumber): string {
  const bit = 2 ** (capabilityNumber[capability] - 8);
  return String.fromCharCode(1, 0, 0, 2, 0, bit, 0, 0, ...new Array<number>(12).fill(0));
}

const accounts = {
  "/etc/passwd": `root:x:0:0:root:/:/nonexistent\ncutover:x:${gatewayUser}:${gatewayUser}:cutover:/:/nonexistent\n`,
  "/etc/group": `root:x:0:\ncutover:x:${gatewayUser}:\n`,
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

export function fileEntry(path: string, source: string, size: number, mode = 0o644): ArchiveEntry {
  return { path, mode, content: { source: () => createReadStream(source), size } };
}

/**
 * What each daemon image has beside the runtime and the bundles. An empty volume takes over owner and mode of the
 * directory that it is mounted on, so the gateway's is its user's.
 */
export function skeleton(): ArchiveEntry[] {
  return [
    { path: directories.state, mode: 0o700 },
    { path: directories.control, mode: 0o700 },
    { path: directories.gateway, mode: 0o750, owner: gatewayUser },
  ];
}

export function accountEntries(): ArchiveEntry[] {
  return Object.entries(accounts).map(([path, text]) => ({ path, mode: 0o644, content: Buffer.from(text) }));
}

/** A tar archive of the entries and of the directories they are in. The same entries give the same bytes. */
export function rootArchive(entries: ArchiveEntry[]): Readable {
  return Readable.from(write(withParents(entries)), { objectMode: false });
}

async function* write(entries: ArchiveEntry[]): AsyncGenerator<Buffer> {
  const archive = pack();
  const written = fill(archive, entries).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const chunk of archive) yield chunk as Buffer;
  await written;
}

async function fill(archive: Pack, entries: ArchiveEntry[]): Promise<void> {
  for (const entry of entries) {
    const { content } = entry;
    const header = entryHeader(entry);
    if (content === undefined || Buffer.isBuffer(content)) {
      archive.entry(header, content ?? Buffer.alloc(0));
      continue;
    }
    await pipeline(content.source(), archive.entry({ ...header, size: content.size }));
  }
  archive.finalize();
}

function entryHeader(entry: ArchiveEntry): Parameters<Pack["entry"]>[0] {
  return {
    name: entry.path.replace(/^\//, ""),
    type: entry.content === undefined ? "directory" : "file",
    mode: entry.mode,
    uid: entry.owner ?? 0,
    gid: entry.owner ?? 0,
    mtime: new Date(0),
    ...(entry.capability
      ? { pax: { "SCHILY.xattr.security.capability": capabilityAttribute(entry.capability) } }
      : {}),
  };
}

function withParents(entries: ArchiveEntry[]): ArchiveEntry[] {
  const named = new Set(entries.map(({ path }) => path));
  const parents = new Set<string>();
  for (const { path } of entries) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const parent = path.slice(0, end);
      if (!named.has(parent)) parents.add(parent);
    }
  }
  const made = [...parents].sort().map((path): ArchiveEntry => ({ path, mode: 0o755 }));
  return [...made, ...entries];
}

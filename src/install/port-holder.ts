import { readdir, readFile, readlink } from "node:fs/promises";
import type { EngineConnection } from "../engine/connection.ts";
import { publishersOf } from "../engine/containers.ts";
import { isWildcard, listeningSockets } from "./listening-sockets.ts";

/**
 * Who keeps the gateway from binding a port, in words; null when nobody is seen. Containers are always seen;
 * processes only where this one runs on the engine's machine, and their names only where it may look.
 */
export async function portHolder(
  connection: EngineConnection,
  wanted: { port: number; bind: string | null },
  local: boolean,
): Promise<string | null> {
  const [publisher] = (await publishersOf(connection, wanted.port)).filter((container) =>
    container.published.some(({ address, port }) => port === wanted.port && collides(wanted.bind, address)),
  );
  if (publisher) return `the container ${publisher.name}`;
  if (!local) return null;
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readText(path)));
  const inodes = tables
    .flatMap(listeningSockets)
    .filter(({ address, port }) => port === wanted.port && collides(wanted.bind, address))
    .map(({ inode }) => inode);
  if (inodes.length === 0) return null;
  return (await processWith(new Set(inodes))) ?? "another process";
}

function collides(bind: string | null, address: string): boolean {
  return bind === null || isWildcard(bind) || isWildcard(address) || bind === address;
}

/** `name (process 123)`; null when no process that we may look into has one of the sockets. */
async function processWith(inodes: ReadonlySet<string>): Promise<string | null> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const name = (await readText(`/proc/${pid}/comm`)).trim();
      return `${name || "a process"} (process ${pid})`;
    }
  }
  return null;
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CutoverError } from "../../model/error.ts";
import type { RoutingTable } from "../../model/route.ts";
import { checkTable } from "../table-check.ts";

export type Loaded =
  | { state: "good"; table: RoutingTable }
  | { state: "missing" }
  /** It was moved to `keptAt`. */
  | { state: "damaged"; keptAt: string; error: unknown };

/**
 * Writes the table so that the file is at every moment wholly the old or wholly the new one, and the new one
 * survives a power cut from the return on: written beside, synced, renamed, directory synced.
 *
 * @throws CutoverError DISK_FULL, and the file is the old one
 */
export async function writeSnapshot(path: string, table: RoutingTable): Promise<void> {
  const beside = `${path}.new`;
  try {
    await writeSynced(beside, `${JSON.stringify(table)}\n`);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new CutoverError("DISK_FULL", "there is no room for the gateway's routing table", { cause: error });
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Goes back to the table before. Where there is no room for it none is left: a gateway that starts waits for control. */
export async function restoreSnapshot(path: string, table: RoutingTable | null): Promise<void> {
  await rm(path, { force: true });
  if (table !== null) await writeSnapshot(path, table).catch(() => undefined);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads the table of an earlier run. A file that is no valid table is moved aside, to be looked at. */
export async function loadSnapshot(path: string): Promise<Loaded> {
  try {
    const text = await readFile(path, "utf8");
    return { state: "good", table: checkTable(JSON.parse(text)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: "missing" };
    const keptAt = `${path}.damaged`;
    await rename(path, keptAt);
    return { state: "damaged", keptAt, error };
  }
}

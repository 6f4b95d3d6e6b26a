import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
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
 */
export async function writeSnapshot(path: string, table: RoutingTable): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(table)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
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

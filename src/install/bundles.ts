import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CutoverError } from "../model/error.ts";
import type { Component } from "./names.ts";
import type { ArchiveEntry } from "./root-archive.ts";

/** The daemons' bundles: one file for control, two for the gateway. */
export interface Bundles {
  entries: ArchiveEntry[];
  /** SHA-256 of each daemon's files, hexadecimal. */
  hashes: Record<Component, string>;
}

/** @throws DAEMON_IMAGE when one is missing. `directory` is looked for beside and above this code when left out. */
export async function readBundles(directory?: string): Promise<Bundles> {
  const found = directory ?? (await findBundles());
  const [control, gateway, worker] = await Promise.all([
    readBundle(found, "control"),
    readBundle(found, "gateway"),
    readBundle(found, "gateway-worker"),
  ]);
  return {
    entries: [control, gateway, worker],
    hashes: { control: hashOf([control]), gateway: hashOf([gateway, worker]) },
  };
}

export function bundlePath(component: Component): string {
  return `/app/${component}.mjs`;
}

type Bundle = ArchiveEntry & { content: Buffer };

function hashOf(bundles: Bundle[]): string {
  const hash = createHash("sha256");
  for (const { content } of bundles) hash.update(content);
  return hash.digest("hex");
}

async function readBundle(directory: string, name: Component | "gateway-worker"): Promise<Bundle> {
  const source = join(directory, `${name}.mjs`);
  try {
    return { path: `/app/${name}.mjs`, mode: 0o644, content: await readFile(source) };
  } catch (cause) {
    throw new CutoverError("DAEMON_IMAGE", `The bundle of ${name} can't be read: ${source}.`, {
      cause,
      hint: "Install Cutover again; in a clone of its source, run `npm run build`.",
    });
  }
}

/** This code runs from `dist/`, from `dist/chunks/`, or from `src/install/` of a clone. */
async function findBundles(): Promise<string> {
  const here = import.meta.dirname;
  const clone = join(dirname(dirname(here)), "dist");
  for (const directory of [here, dirname(here)]) {
    const found = await access(join(directory, "control.mjs")).then(
      () => true,
      () => false,
    );
    if (found) return directory;
  }
  return clone;
}

import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CutoverError } from "../model/error.ts";
import type { Component } from "./names.ts";
import type { ArchiveEntry } from "./root-archive.ts";

/** The daemons' bundles: one file each. */
export interface Bundles {
  entries: ArchiveEntry[];
  /** SHA-256 of each, hexadecimal. */
  hashes: Record<Component, string>;
}

/** @throws DAEMON_IMAGE when one is missing. `directory` is looked for beside and above this code when left out. */
export async function readBundles(directory?: string): Promise<Bundles> {
  const found = directory ?? (await findBundles());
  const [control, gateway] = await Promise.all([readBundle(found, "control"), readBundle(found, "gateway")]);
  return {
    entries: [control.entry, gateway.entry],
    hashes: { control: control.hash, gateway: gateway.hash },
  };
}

export function bundlePath(component: Component): string {
  return `/app/${component}.mjs`;
}

async function readBundle(
  directory: string,
  component: Component,
): Promise<{ entry: ArchiveEntry; hash: string }> {
  const source = join(directory, `${component}.mjs`);
  try {
    const content = await readFile(source);
    return {
      entry: { path: bundlePath(component), mode: 0o644, content },
      hash: createHash("sha256").update(content).digest("hex"),
    };
  } catch (cause) {
    throw new CutoverError("DAEMON_IMAGE", `The bundle of ${component} can't be read: ${source}.`, {
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

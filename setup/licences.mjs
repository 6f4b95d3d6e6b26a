import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

const packageOf = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** Directories of the packages whose code is in the bundles, from esbuild's metafiles; sorted, each once. */
export function bundledPackages(metafiles) {
  const found = new Set();
  for (const metafile of metafiles) {
    for (const input of Object.keys(metafile.inputs)) {
      const match = packageOf.exec(input);
      if (match) found.add(match[0].slice(0, -1));
    }
  }
  return [...found].sort();
}

/** The text of dist/LICENSES.txt: name, version, licence and licence text of every package in the bundles. */
export function licences(metafiles) {
  const parts = bundledPackages(metafiles).map((directory) => {
    const path = join(root, directory);
    const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const file = readdirSync(path).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    const text = file ? readFileSync(join(path, file), "utf8").trim() : "";
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `Code of these packages is part of the files beside this one.\n\n${parts.join("\n----\n\n")}`;
}

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { licences } from "./licences.mjs";
import { root } from "./paths.mjs";
import { say, seconds } from "./say.mjs";

const dist = join(root, "dist");
const stamp = join(dist, ".built");

/** Lets bundled CommonJS packages `require` Node's own modules. */
const requireBanner =
  'import { createRequire as cutoverCreateRequire } from "node:module"; const require = cutoverCreateRequire(import.meta.url);';

const entries = {
  cli: { source: "src/cli/main.ts", split: true },
  control: { source: "src/control/main.ts", split: false },
  gateway: { source: "src/gateway/main.ts", split: false },
  "gateway-worker": { source: "src/gateway/worker-main.ts", split: false },
};

/** Newest change below a path; directories count, so that a removed file is seen too. */
async function newest(path) {
  const info = await stat(path).catch(() => null);
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  const names = await readdir(path);
  const times = await Promise.all(names.map((name) => newest(join(path, name))));
  return Math.max(info.mtimeMs, ...times);
}

/** True when a source is newer than what was built from it. */
export async function buildIsStale() {
  const built = await stat(stamp).catch(() => null);
  if (!built) return true;
  const inputs = ["src", "setup/build.mjs", "package.json", "package-lock.json"];
  const times = await Promise.all(inputs.map((path) => newest(join(root, path))));
  return Math.max(...times) > built.mtimeMs;
}

async function bundle(esbuild, names, split, version) {
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, entries[name].source])),
    outdir: dist,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: split,
    format: "esm",
    platform: "node",
    target: "node24",
    minifySyntax: true,
    keepNames: true,
    legalComments: "none",
    define: { CUTOVER_VERSION: JSON.stringify(version) },
    banner: { js: requireBanner },
    metafile: true,
    write: false,
    logLevel: "warning",
  });
}

/** Each file appears whole: a command that runs meanwhile never loads half a bundle. */
async function replaceFile(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, contents);
  await rename(beside, path);
}

/** Removes chunks of earlier builds; a running command has loaded what it needs or names these. */
async function removeStaleChunks(kept) {
  const directory = join(dist, "chunks");
  const names = existsSync(directory) ? await readdir(directory) : [];
  const stale = names.map((name) => join(directory, name)).filter((path) => !kept.has(path));
  await Promise.all(stale.map((path) => rm(path, { force: true })));
}

/** Bundles the command and both daemons into dist/. An entry whose source is not there is left out and named. */
export async function build() {
  const from = performance.now();
  const startedAt = new Date();
  const esbuild = await import("esbuild");
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const present = Object.keys(entries).filter((name) => existsSync(join(root, entries[name].source)));
  for (const name of Object.keys(entries)) {
    if (!present.includes(name)) say(`dist/${name}.mjs is left out: ${entries[name].source} is not there`);
  }
  const groups = [true, false].flatMap((split) => {
    const names = present.filter((name) => entries[name].split === split);
    return split ? [names] : names.map((name) => [name]);
  });
  const results = await Promise.all(
    groups
      .filter((names) => names.length > 0)
      .map((names) =>
        bundle(
          esbuild,
          names,
          names.some((name) => entries[name].split),
          version,
        ),
      ),
  );
  const files = results.flatMap((result) => result.outputFiles);
  const inChunksFirst = files.toSorted(
    (a, b) => Number(b.path.includes("chunks")) - Number(a.path.includes("chunks")),
  );
  for (const file of inChunksFirst) await replaceFile(file.path, file.contents);
  await replaceFile(join(dist, "LICENSES.txt"), licences(results.map((result) => result.metafile)));
  await removeStaleChunks(new Set(files.map((file) => file.path)));
  await replaceFile(stamp, `${startedAt.toISOString()}\n`);
  await utimes(stamp, startedAt, startedAt);
  say(`built ${present.map((name) => `dist/${name}.mjs`).join(", ") || "nothing"} in ${seconds(from)}`);
}

/** Builds when something is newer than the last build. */
export async function ensureBuilt() {
  if (await buildIsStale()) await build();
}

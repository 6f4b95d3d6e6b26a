import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { docker, inspectImage } from "./docker.mjs";
import { nodeImage } from "./node-image.mjs";
import { cacheDirectory } from "./paths.mjs";
import { capture } from "./process.mjs";
import { pythonImage } from "./python-image.mjs";
import { SetupError, say, seconds } from "./say.mjs";

/** Marks an image that set-up made in place of a public one; the second names the recipe it was made by. */
const standInLabel = "dev.cutover.standin";
const recipeLabel = "dev.cutover.standin.recipe";

const recipes = { "node:24-slim": nodeImage, "python:3-slim": pythonImage };

/**
 * Makes sure that the engine has the base images of the examples: those that are there are used, else they are
 * pulled, else a stand-in is made on the spot. Gives the names that this call brought a stand-in for; one that was
 * there before, though of an older recipe, is not among them.
 */
export async function ensureBaseImages(references) {
  const brought = [];
  for (const reference of references) {
    if (await ensureBaseImage(reference)) brought.push(reference);
  }
  return brought;
}

/** Takes stand-ins away again: they must not stay under a public name. Images built from them keep working. */
export async function removeStandIns(references) {
  for (const reference of references) {
    const image = await inspectImage(reference);
    if (!image?.Config?.Labels?.[standInLabel]) continue;
    await docker(["image", "rm", reference]);
    say(`removed the stand-in for ${reference}`);
  }
}

async function ensureBaseImage(reference) {
  const recipe = recipes[reference];
  const present = await inspectImage(reference);
  const labels = present?.Config?.Labels ?? {};
  if (present && !labels[standInLabel]) return false;
  const key = await recipeKey(recipe);
  if (present && labels[recipeLabel] === key) return false;
  if (!present && (await pull(reference))) return false;
  if (process.platform !== "linux") {
    throw new SetupError(
      `${reference} is not in the engine and can't be pulled; a stand-in can be made on Linux only.`,
    );
  }
  const cached = join(cacheDirectory(), "images", `${recipe.name}-${key}.tar`);
  const from = performance.now();
  if (existsSync(cached) && (await docker(["load", "--quiet", "--input", cached])).code === 0) {
    say(`${reference}: loaded its stand-in from ${cached} in ${seconds(from)}`);
    return replaced(present);
  }
  say(`${reference}: no registry answers; making a stand-in under that name (${recipe.what})`);
  await make(reference, recipe, key);
  await keep(reference, cached);
  say(`${reference}: stand-in made in ${seconds(from)}, kept in ${cached}`);
  return replaced(present);
}

/** Takes the image of an older recipe away, unless something is made of it. True when there was none. */
async function replaced(older) {
  if (older) await docker(["image", "rm", older.Id]);
  return !older;
}

/** Changes when the recipe or what it takes from this machine changes. */
async function recipeKey(recipe) {
  const hash = createHash("sha256");
  hash.update(await readFile(fileURLToPath(recipe.source)));
  hash.update(await recipe.fingerprint());
  return hash.digest("hex").slice(0, 16);
}

/**
 * True when the registry gave the image. A registry that says nothing for 15 s is taken as not there; a pull that
 * moves may take 5 minutes.
 */
async function pull(reference) {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), 15_000);
  const moves = () => clearTimeout(timer);
  const { code } = await docker(["pull", reference], {
    timeoutMs: 300_000,
    signal: silent.signal,
    onLine: moves,
  });
  clearTimeout(timer);
  if (code === 0) say(`pulled ${reference}`);
  return code === 0;
}

/** The name moves to the new image only once that has run. */
async function make(reference, recipe, key) {
  const directory = await mkdtemp(join(tmpdir(), "cutover-image-"));
  try {
    const tar = join(directory, "root.tar");
    await recipe.write(tar, directory);
    const changes = [...recipe.config, `LABEL ${standInLabel}=1 ${recipeLabel}=${key}`];
    const args = ["import", ...changes.flatMap((change) => ["--change", change]), tar];
    const imported = await docker(args);
    if (imported.code !== 0)
      throw new SetupError(`docker import of ${reference} failed: ${imported.stderr.trim()}`);
    const id = imported.stdout.trim();
    const tried = await docker(["run", "--rm", "--network=none", id, ...recipe.trial]);
    if (tried.code !== 0) {
      await docker(["image", "rm", id]);
      throw new SetupError(`The stand-in for ${reference} does not run: ${tried.stderr.trim()}`);
    }
    await docker(["tag", id, reference]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The same image id comes back from the kept file, so that builds on top of it stay cached. */
async function keep(reference, path) {
  const directory = join(path, "..");
  await mkdir(directory, { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  const saved = await docker(["save", "--output", beside, reference]);
  if (saved.code !== 0) {
    say(`${reference} could not be kept for later runs: ${saved.stderr.trim()}`);
    return;
  }
  const name = path
    .slice(directory.length)
    .replace(/^\//, "")
    .replace(/-[0-9a-f]{16}\.tar$/, "");
  await capture("find", [directory, "-name", `${name}-*.tar`, "-delete"]);
  await rename(beside, path);
}

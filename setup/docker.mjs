import { capture } from "./process.mjs";

/** Runs `docker` and gives what it said; see `capture`. */
export function docker(args, options = {}) {
  return capture("docker", args, options);
}

/** What `docker image inspect` says of an image, or null when the engine has none of that name. */
export async function inspectImage(reference) {
  const { code, stdout } = await docker(["image", "inspect", reference]);
  return code === 0 ? JSON.parse(stdout)[0] : null;
}

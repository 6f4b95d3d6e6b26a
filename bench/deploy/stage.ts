import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { freePorts } from "../../tools/instance/ports.ts";
import { removeInstance } from "../../tools/instance/removal.ts";

/** What all three ways deploy, and the names of all that the bench makes. */
export interface Stage {
  /** Unique; the Cutover instance, and the beginning of every project's and image's name. */
  name: string;
  directory: string;
  signal: AbortSignal;
  ports: {
    compose: number;
    nginx: number;
    blue: number;
    green: number;
    cutover: number;
    http: number;
    https: number;
  };
  project(way: string): string;
}

/** Port and path that `examples/node` answers on inside its container. */
export const appPort = 3000;
export const appHealth = "/health";

/** A copy of `examples/node` under names of this bench's own. Nothing is started. */
export async function setStage(signal: AbortSignal): Promise<Stage> {
  const name = `cutover-b${randomBytes(4).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), "cutover-bench-"));
  await cp(fileURLToPath(new URL("../../examples/node", import.meta.url)), directory, { recursive: true });
  await writeFile(join(directory, "bench.yaml"), imagesFile(name));
  const [compose = 0, nginx = 0, blue = 0, green = 0, cutover = 0, http = 0, https = 0] = await freePorts(7);
  return {
    name,
    directory,
    signal,
    ports: { compose, nginx, blue, green, cutover, http, https },
    project: (way) => `${name}-${way}`,
  };
}

/**
 * Gives the services images that were built beforehand, one for each version, and a health check that looks often
 * while the app starts (Engine 25), so that the engine's own pace is not what is measured.
 */
function imagesFile(name: string): string {
  return `services:\n  web:\n    image: ${name}/web:\${VERSION}\n    healthcheck: {start_period: 3s, start_interval: 100ms}\n  db:\n    image: ${name}/db:1\n`;
}

/** Builds the images of the versions 0 to `last`. They belong to the project `images`, and go with it. */
export async function buildImages({ name, directory, project, signal }: Stage, last: number): Promise<void> {
  const label = `com.docker.compose.project=${project("images")}`;
  const build = (tag: string, context: string, args: string[] = []) =>
    execa("docker", ["build", "--quiet", "--label", label, ...args, "--tag", `${name}/${tag}`, context], {
      cancelSignal: signal,
    });
  await build("db:1", join(directory, "db"));
  for (let version = 0; version <= last; version += 1) {
    await build(`web:${version}`, directory, ["--build-arg", `VERSION=${version}`]);
  }
}

/**
 * Runs a program in the app's directory with `variables` for the compose file.
 * @throws when it fails; the signal's reason when it was aborted
 */
export async function run(
  { directory, signal, name }: Stage,
  command: string,
  args: string[],
  variables: Record<string, string | number>,
): Promise<string> {
  const values = Object.entries(variables).map(([key, value]) => [key, String(value)]);
  try {
    const { stdout } = await execa(command, args, {
      cwd: directory,
      env: { ...ownEnvironment(), CUTOVER_INSTANCE: name, ...Object.fromEntries(values) },
      extendEnv: false,
      stdin: "ignore",
      cancelSignal: signal,
      forceKillAfterDelay: 20_000,
    });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** The user's own environment without what would steer compose elsewhere. */
function ownEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(COMPOSE_|VERSION$|FAIL$|PORT$)/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** Removes all that the bench made in the engine and on disk; gives what is left. */
export async function clearStage(stage: Stage): Promise<string[]> {
  const projects = ["images", "compose", "nginx", "cutover"].map(stage.project);
  const left = await removeInstance(stage.name, projects);
  await rm(stage.directory, { recursive: true, force: true });
  return left;
}

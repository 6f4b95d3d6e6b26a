import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runCompose } from "../../engine/compose-command.ts";
import type { Context } from "../context.ts";
import { openControl } from "../control-access.ts";
import { openEngine } from "../engine-access.ts";
import { appName } from "../project.ts";

export interface Candidate {
  value: string;
  about: string;
}

/** Candidates that only the compose file, control or docker's configuration know. */
export type Source =
  | { kind: "services"; except: readonly string[] }
  | { kind: "scales" }
  | { kind: "profiles" }
  /** `rollback`: only those that can be brought back. */
  | { kind: "releases"; restorable: boolean }
  | { kind: "contexts" };

/** Asks where the answer is. Rejects when it can't be had. */
export async function dynamicCandidates(context: Context, source: Source): Promise<Candidate[]> {
  switch (source.kind) {
    case "services": {
      const names = await composeNames(context, "--services");
      return plain(names.filter((name) => !source.except.includes(name)));
    }
    case "scales":
      return plain((await composeNames(context, "--services")).map((name) => `${name}=`));
    case "profiles":
      return plain(await composeNames(context, "--profiles"));
    case "releases":
      return releases(context, source.restorable);
    case "contexts":
      return plain(["default", ...(await contextNames(context.env))]);
  }
}

function plain(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, about: "" }));
}

async function composeNames(context: Context, what: "--services" | "--profiles"): Promise<string[]> {
  const { globals, io } = context;
  const { stdout } = await runCompose({
    endpointEnv: context.env,
    cwd: io.cwd,
    args: [
      ...globals.file.flatMap((file) => ["-f", file]),
      ...(globals.projectDirectory === null ? [] : ["--project-directory", globals.projectDirectory]),
      ...globals.envFile.flatMap((file) => ["--env-file", file]),
      ...(what === "--profiles" ? [] : globals.profile.flatMap((name) => ["--profile", name])),
      "config",
      what,
    ],
  });
  return stdout.split("\n").filter((line) => line !== "");
}

async function releases(context: Context, restorable: boolean): Promise<Candidate[]> {
  const app = await appName(context);
  await using connection = await openEngine(context);
  const found = await (await openControl(context, connection)).releases(app);
  const fitting = restorable
    ? found.filter((release) => release.restorable && release.state !== "live")
    : found;
  return fitting.map(({ number, state, git }) => ({
    value: String(number),
    about: git ? `${state}, ${git.revision.slice(0, 9)}` : state,
  }));
}

/** Names in the docker CLI's context store, `contexts/meta/<digest>/meta.json`. */
async function contextNames(env: NodeJS.ProcessEnv): Promise<string[]> {
  const directory = join(env.DOCKER_CONFIG || join(homedir(), ".docker"), "contexts", "meta");
  const names: string[] = [];
  for (const entry of await readdir(directory)) {
    const meta: unknown = JSON.parse(await readFile(join(directory, entry, "meta.json"), "utf8"));
    if (typeof meta === "object" && meta !== null && "Name" in meta) names.push(String(meta.Name));
  }
  return names.sort();
}

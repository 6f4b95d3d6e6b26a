import { type BaseInput, baseNeeds, baseProjectFile, missingFromBase } from "../../compose/base-project.ts";
import { composeFailure, runCompose } from "../../engine/compose-command.ts";
import type { EngineConnection } from "../../engine/connection.ts";
import { listContainers } from "../../engine/containers.ts";
import { listNetworks } from "../../engine/networks.ts";
import { listVolumes } from "../../engine/volumes.ts";
import type { Context } from "../context.ts";
import { generatedProject } from "./colour.ts";

const project = "com.docker.compose.project";
const service = "com.docker.compose.service";

/** What of the base project is not in the engine, in words for people. */
export async function missingBase(connection: EngineConnection, input: BaseInput): Promise<string[]> {
  const needs = baseNeeds(input);
  const [containers, networks, volumes] = await Promise.all([
    listContainers(connection, { [project]: needs.project }),
    listNetworks(connection),
    listVolumes(connection),
  ]);
  return missingFromBase(needs, {
    containers: containers.map(({ labels, state }) => ({
      project: labels[project] ?? "",
      service: labels[service] ?? "",
      running: state === "running",
    })),
    networks: networks.map(({ name }) => name),
    volumes: volumes.map(({ name }) => name),
  });
}

export interface BaseWork {
  context: Context;
  input: BaseInput;
  projectDirectory: string;
  /** False with --no-build: an image that is missing is an error then. */
  build: boolean;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Makes what the base project lacks, and waits for those services that a replaced one needs healthy. Nothing that is
 * there is recreated or restarted.
 * @throws COMPOSE_FAILED, DISK_FULL, NO_ADDRESS_POOL; the signal's reason
 */
export async function startBase(work: BaseWork): Promise<void> {
  const { healthy } = baseNeeds(work.input);
  await baseUp(work, []);
  if (healthy.length > 0) await baseUp(work, ["--wait", ...healthy]);
}

async function baseUp(work: BaseWork, rest: string[]): Promise<void> {
  const name = work.input.model.name;
  const args = ["up", "--detach", "--no-recreate", ...(work.build ? [] : ["--no-build"]), ...rest];
  const result = await runCompose({
    ...generatedProject(work.context, name, work.projectDirectory, args),
    input: JSON.stringify(baseProjectFile(work.input)),
    onLine: work.onLine,
    signal: work.signal,
  });
  if (result.exitCode !== 0)
    throw composeFailure(`docker compose could not start the base project ${name}`, result);
}

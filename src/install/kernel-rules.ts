import type { EngineConnection } from "../engine/connection.ts";
import {
  createContainer,
  inspectContainer,
  removeContainer,
  startContainer,
  waitContainer,
} from "../engine/containers.ts";
import { containerLines } from "../engine/logs.ts";
import { CutoverError } from "../model/error.ts";
import { bundlePath } from "./bundles.ts";
import { keptSettings } from "./gateway-settings.ts";
import { kernelSetting } from "./kernel-tools.ts";
import { gatewayUser, installationLabels, nodePath } from "./names.ts";

/** Whether a gateway's container, by its labels, may have rules in the kernel. */
export function hasKernelRules(labels: Readonly<Record<string, string>>): boolean {
  return keptSettings(labels)[kernelSetting] === "true";
}

/** What a container needs to change the kernel's rules, beside what the gateway has anyway. */
export function kernelRights(instance: string): { capabilities: string[]; environment: string[] } {
  return { capabilities: ["NET_ADMIN"], environment: [`CUTOVER_INSTANCE=${instance}`] };
}

/** The image that a gateway's container runs from, which has the programs to take its rules away. */
export async function imageOf(connection: EngineConnection, container: string): Promise<string | null> {
  return (await inspectContainer(connection, container))?.Image ?? null;
}

/**
 * Takes an instance's rules out of the kernel of the engine's machine: the gateway's own program does it, in a
 * container of its image that ends with it.
 * @throws ENGINE_ERROR with what the program said
 */
export async function takeKernelRulesAway(
  connection: EngineConnection,
  instance: string,
  image: string,
): Promise<void> {
  const { capabilities, environment } = kernelRights(instance);
  const id = await createContainer(connection, `${instance}-rules-${process.pid}-${Date.now()}`, {
    Image: image,
    Entrypoint: [nodePath],
    Cmd: [bundlePath("gateway"), "remove-kernel-rules"],
    User: `${gatewayUser}:${gatewayUser}`,
    Env: environment,
    Labels: installationLabels(instance, "daemon"),
    HostConfig: {
      NetworkMode: "host",
      ReadonlyRootfs: true,
      UsernsMode: "host",
      CapDrop: ["ALL"],
      CapAdd: ["NET_BIND_SERVICE", ...capabilities],
      LogConfig: { Type: "json-file", Config: {} },
    },
  });
  try {
    await startContainer(connection, id);
    const code = await waitContainer(connection, id);
    if (code === 0) return;
    const details: string[] = [];
    for await (const { line } of containerLines(connection, id, { tail: 20 })) details.push(line);
    throw new CutoverError(
      "ENGINE_ERROR",
      `The kernel's rules of ${instance} could not be taken away (exit code ${code}).`,
      { details, hint: `Take them away by hand: \`nft delete table ip cutover-${instance}\`.` },
    );
  } finally {
    await removeContainer(connection, id);
  }
}

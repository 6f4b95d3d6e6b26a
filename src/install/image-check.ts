import type { EngineConnection } from "../engine/connection.ts";
import { createContainer, removeContainer, startContainer, waitContainer } from "../engine/containers.ts";
import { containerLines } from "../engine/logs.ts";
import { CutoverError } from "../model/error.ts";
import { gatewayUser, installationLabels, nodePath } from "./names.ts";

const lostCapability = 9;

/** Ends with 0 when the process has CAP_NET_BIND_SERVICE in its effective set (`CapEff` of proc_pid_status(5)). */
const script = `const status = require("node:fs").readFileSync("/proc/self/status", "utf8");
const effective = BigInt("0x" + /^CapEff:\\s*([0-9a-f]+)/m.exec(status)[1]);
process.exit((effective >> 10n) & 1n ? 0 : ${lostCapability});`;

/**
 * Runs the image's Node once as the gateway will run: not root, no capability but the one to bind.
 * @throws DAEMON_IMAGE when it does not start there (a library is missing) or may not bind.
 */
export async function checkImage(connection: EngineConnection, instance: string, ref: string): Promise<void> {
  const id = await createContainer(connection, `${instance}-check-${process.pid}-${Date.now()}`, {
    Image: ref,
    Entrypoint: [nodePath],
    Cmd: ["-e", script],
    User: `${gatewayUser}:${gatewayUser}`,
    Labels: installationLabels(instance, "daemon"),
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: ["NET_BIND_SERVICE"],
      LogConfig: { Type: "json-file", Config: {} },
    },
  });
  try {
    await start(connection, id);
    const code = await waitContainer(connection, id);
    if (code === 0) return;
    const details: string[] = [];
    for await (const { line } of containerLines(connection, id, { tail: 20 })) details.push(line);
    throw new CutoverError(
      "DAEMON_IMAGE",
      code === lostCapability
        ? "The engine's storage does not keep file capabilities, which the gateway needs to bind its ports without root."
        : `Node does not run in the image (exit code ${code}).`,
      { details },
    );
  } finally {
    await removeContainer(connection, id);
  }
}

async function start(connection: EngineConnection, id: string): Promise<void> {
  try {
    await startContainer(connection, id);
  } catch (cause) {
    if (!(cause instanceof CutoverError) || cause.code !== "ENGINE_ERROR") throw cause;
    throw new CutoverError("DAEMON_IMAGE", "Node can't be started in the image.", { cause });
  }
}

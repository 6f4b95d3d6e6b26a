import type { EngineConnection } from "../engine/connection.ts";
import { createContainer, removeContainer, startContainer, waitContainer } from "../engine/containers.ts";
import { containerLines } from "../engine/logs.ts";
import { CutoverError } from "../model/error.ts";
import { gatewayUser, installationLabels, nodePath } from "./names.ts";

const lostCapability = 9;
const noKernel = 10;

/** Ends with 0 when the process has CAP_NET_BIND_SERVICE in its effective set (`CapEff` of proc_pid_status(5)). */
const script = `const status = require("node:fs").readFileSync("/proc/self/status", "utf8");
const effective = BigInt("0x" + /^CapEff:\\s*([0-9a-f]+)/m.exec(status)[1]);
if (((effective >> 10n) & 1n) === 0n) process.exit(${lostCapability});
`;

/** Ends with 0 when the programs that change the kernel's rules run and may, in the container's own network. */
const kernelScript = `const { spawnSync } = require("node:child_process");
for (const [program, ...args] of [["/sbin/nft", "list", "tables"], ["/sbin/conntrack", "-C"]]) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) continue;
  console.error(program, error ? error.message : stderr);
  process.exit(${noKernel});
}`;

/**
 * Runs the image's Node once as the gateway will run: not root, no capability but the one to bind.
 * @param kernel whether programs that change the kernel's rules are in it, which then are run too
 * @throws DAEMON_IMAGE when it does not start there (a library is missing) or may not bind.
 */
export async function checkImage(
  connection: EngineConnection,
  instance: string,
  ref: string,
  kernel: boolean,
): Promise<void> {
  const id = await createContainer(connection, `${instance}-check-${process.pid}-${Date.now()}`, {
    Image: ref,
    Entrypoint: [nodePath],
    Cmd: ["-e", kernel ? script + kernelScript : script],
    User: `${gatewayUser}:${gatewayUser}`,
    Labels: installationLabels(instance, "daemon"),
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: ["NET_BIND_SERVICE", ...(kernel ? ["NET_ADMIN"] : [])],
      LogConfig: { Type: "json-file", Config: {} },
    },
  });
  try {
    await start(connection, id);
    const code = await waitContainer(connection, id);
    if (code === 0) return;
    const details: string[] = [];
    for await (const { line } of containerLines(connection, id, { tail: 20 })) details.push(line);
    throw new CutoverError("DAEMON_IMAGE", problemOf(code), { details });
  } finally {
    await removeContainer(connection, id);
  }
}

function problemOf(code: number): string {
  if (code === lostCapability)
    return "The engine's storage does not keep file capabilities, which the gateway needs to bind its ports without root.";
  if (code === noKernel) return "nft or conntrack, which `kernel-streams` needs, does not run in the image.";
  return `Node does not run in the image (exit code ${code}).`;
}

async function start(connection: EngineConnection, id: string): Promise<void> {
  try {
    await startContainer(connection, id);
  } catch (cause) {
    if (!(cause instanceof CutoverError) || cause.code !== "ENGINE_ERROR") throw cause;
    throw new CutoverError("DAEMON_IMAGE", "Node can't be started in the image.", { cause });
  }
}

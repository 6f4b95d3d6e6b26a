import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/support/gateway.ts";
import { compileTools, type NativeTools } from "./native.ts";
import { type Pinned, startPinned, untilListening } from "./pinned.ts";
import { type Placement, readPlacement } from "./placement.ts";

/** What all proxies are measured on: two backends, the tools, and a directory that is removed at the end. */
export interface Field extends AsyncDisposable {
  directory: string;
  tools: NativeTools;
  placement: Placement;
  /** Ports of the two backends on the loopback. */
  backends: readonly [number, number];
  signal: AbortSignal;
}

/** @throws when the tools don't compile or a backend does not start; nothing is left then */
export async function setField(signal: AbortSignal): Promise<Field> {
  const directory = await mkdtemp(join(tmpdir(), "cutover-dataplane-"));
  const running: Pinned[] = [];
  const clear = async () => {
    await Promise.all(running.map((pinned) => pinned.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    // Workers of nginx give up root and must still reach their files.
    await chmod(directory, 0o755);
    const placement = await readPlacement();
    const tools = await compileTools(directory, signal);
    const backends = [await freePort(), await freePort()] as const;
    for (const port of backends) {
      const output = join(directory, `backend-${port}.log`);
      const pinned = startPinned(placement.load, [tools.backend, String(port)], output);
      running.push(pinned);
      await untilListening(port, pinned, output);
    }
    return { directory, tools, placement, backends, signal, [Symbol.asyncDispose]: clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

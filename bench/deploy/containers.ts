import { z } from "zod";
import type { EngineConnection } from "../../src/engine/connection.ts";
import {
  createContainer,
  inspectContainer,
  removeContainer,
  startContainer,
} from "../../src/engine/containers.ts";
import { containerEvents } from "../../src/engine/events.ts";
import { firstGoodAnswer } from "./prober.ts";
import { appHealth, appPort } from "./stage.ts";
import type { EngineTimes } from "./way.ts";

/** First address of a container that this machine reaches. */
async function addressOf(connection: EngineConnection, id: string): Promise<string> {
  const container = await inspectContainer(connection, id);
  const networks = Object.values(container?.NetworkSettings.Networks ?? {});
  const address = networks.find((network) => network.IPAddress !== "")?.IPAddress;
  if (address === undefined) throw new Error(`the container ${id.slice(0, 12)} has no address`);
  return address;
}

export interface Watch {
  /** Resolves once no start that comes later is missed. */
  watching: Promise<void>;
  /** The next start of a container with the labels, and its first good answer; milliseconds since the epoch. */
  started: Promise<{ id: string; startedAt: number; firstGoodAt: number }>;
}

/** Waits for the next container with the labels to start and asks it until it answers well. */
export function watchStart(
  connection: EngineConnection,
  labels: Record<string, string>,
  signal: AbortSignal,
): Watch {
  const watching = Promise.withResolvers<void>();
  const follow = async () => {
    const subscribedAt = Date.now();
    for await (const event of containerEvents(connection, labels, signal)) {
      if (event === null) watching.resolve();
      if (event?.action !== "start") continue;
      const startedAt = event.timeNano / 1e6;
      if (startedAt < subscribedAt) continue;
      const address = await addressOf(connection, event.id);
      return {
        id: event.id,
        startedAt,
        firstGoodAt: await firstGoodAnswer(address, appPort, appHealth, signal),
      };
    }
    throw new Error("the engine's events ended before a container started");
  };
  const started = follow();
  started.catch(watching.reject);
  return { watching: watching.promise, started };
}

const inspectedSchema = z.object({
  Config: z.record(z.string(), z.unknown()),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }),
});

/**
 * What the engine and the app need by themselves: makes and starts a container like `id` (image, environment, health
 * check, network) through the engine's API, and asks it until it answers well. Removes it.
 */
export async function engineStart(
  connection: EngineConnection,
  id: string,
  name: string,
  project: string,
  signal: AbortSignal,
): Promise<EngineTimes> {
  const { body } = await connection.json({ method: "GET", path: `/containers/${id}/json` });
  const { Config, NetworkSettings } = inspectedSchema.parse(body);
  const { Hostname: _hostname, ...config } = Config;
  const [network] = Object.keys(NetworkSettings.Networks);
  const spec = {
    ...config,
    Labels: { "com.docker.compose.project": project },
    HostConfig: { NetworkMode: network },
  };
  const from = performance.now();
  const made = await createContainer(connection, name, spec);
  try {
    const created = performance.now();
    await startContainer(connection, made);
    const started = performance.now();
    await firstGoodAnswer(await addressOf(connection, made), appPort, appHealth, signal);
    return { create: created - from, start: started - created, boot: performance.now() - started };
  } finally {
    await removeContainer(connection, made);
  }
}

import { z } from "zod";
import type { ContainerState, Engine } from "../deploy/ports.ts";
import { CutoverError } from "../model/error.ts";
import { label } from "../model/labels.ts";
import type { EngineConnection } from "./connection.ts";
import {
  type InspectedContainer,
  inspectContainer,
  listContainers,
  removeContainer,
  startContainer,
  stopContainer,
  waitContainer,
} from "./containers.ts";
import { containerEvents } from "./events.ts";
import { inspectImage, removeImage } from "./images.ts";
import { containerLines } from "./logs.ts";
import { listNetworks, removeNetwork } from "./networks.ts";

/** Seconds the engine waits before it kills a container that has no grace period of its own. */
const engineStopTimeout = 10;

/** The engine as a deployment sees it: only what carries this instance's label exists, and can be changed. */
export function createEngine(connection: EngineConnection, instance: string): Engine {
  const ours = { [label.instance]: instance };
  const driverOf = networkDrivers(connection);

  async function state(container: InspectedContainer): Promise<ContainerState> {
    return containerState(container, await driverOf(container));
  }

  async function inspect(id: string): Promise<ContainerState | null> {
    const container = await inspectContainer(connection, id);
    return container?.Config.Labels[label.instance] === instance ? state(container) : null;
  }

  /** Null when there is no such container (any more). Refuses what another made. */
  async function own(id: string): Promise<InspectedContainer | null> {
    const container = await inspectContainer(connection, id);
    if (container && container.Config.Labels[label.instance] !== instance) {
      throw new CutoverError(
        "INTERNAL",
        `Container ${id} does not belong to ${instance}; it was left as it is.`,
      );
    }
    return container;
  }

  return {
    version: () => engineVersion(connection),
    inspect,
    async containers(labels) {
      const listed = await listContainers(connection, { ...labels, ...ours });
      const inspected = await Promise.all(listed.map(({ id }) => inspect(id)));
      return inspected.filter((container) => container !== null);
    },
    async start(id) {
      await own(id);
      await startContainer(connection, id);
    },
    async stop(id) {
      if (await own(id)) await stopContainer(connection, id);
    },
    async remove(id) {
      if (await own(id)) await removeContainer(connection, id);
    },
    async lastLines(id, lines) {
      const last: string[] = [];
      for await (const { line } of containerLines(connection, id, { tail: lines })) last.push(line);
      return last.slice(-lines);
    },
    async *follow(id, signal) {
      for await (const { line } of containerLines(connection, id, { follow: true, signal })) yield line;
    },
    wait: (id, signal) => waitContainer(connection, id, signal),
    events: (signal) => containerEvents(connection, ours, signal),
    async removeNetworks(labels) {
      const networks = await listNetworks(connection, { ...labels, ...ours });
      const removed = await Promise.all(networks.map(({ id }) => removeNetwork(connection, id)));
      return networks.filter((_, index) => removed[index]).map(({ name }) => name);
    },
    hasImage: async (ref) => (await inspectImage(connection, ref)) !== null,
    removeImage: (ref) => removeImage(connection, ref),
  };
}

/** The engine's own version and the API version in use. */
export async function engineVersion(
  connection: EngineConnection,
): Promise<{ version: string; apiVersion: string }> {
  const { body } = await connection.json({ method: "GET", path: "/version" });
  return {
    version: z.object({ Version: z.string() }).parse(body).Version,
    apiVersion: connection.apiVersion,
  };
}

function containerState(container: InspectedContainer, drivers: ReadonlyMap<string, string>): ContainerState {
  const { State, Config } = container;
  const ended = State.Status === "exited" || State.Status === "dead";
  return {
    id: container.Id,
    name: container.Name.replace(/^\//, ""),
    labels: Config.Labels,
    imageId: container.Image,
    status: State.Status,
    health: health(State.Health?.Status),
    exitCode: ended ? State.ExitCode : null,
    oomKilled: State.OOMKilled,
    restartCount: container.RestartCount,
    startedAt: State.StartedAt.startsWith("0001-") ? "" : State.StartedAt,
    stopTimeoutSeconds: Config.StopTimeout ?? engineStopTimeout,
    networks: Object.entries(container.NetworkSettings.Networks ?? {}).map(([name, network]) => ({
      name,
      driver: drivers.get(network.NetworkID) ?? null,
      address: network.IPAddress || network.GlobalIPv6Address,
    })),
  };
}

function health(status: string | undefined): ContainerState["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}

/** Network drivers by id, remembered: the driver of a network never changes. */
function networkDrivers(
  connection: EngineConnection,
): (container: InspectedContainer) => Promise<ReadonlyMap<string, string>> {
  let drivers: ReadonlyMap<string, string> = new Map();
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    drivers = new Map((await listNetworks(connection)).map(({ id, driver }) => [id, driver]));
  }

  return async (container) => {
    const ids = Object.values(container.NetworkSettings.Networks ?? {}).map(({ NetworkID }) => NetworkID);
    if (ids.some((id) => id !== "" && !drivers.has(id))) {
      asking ??= ask().finally(() => {
        asking = null;
      });
      await asking;
    }
    return drivers;
  };
}

import type { EngineConnection } from "../engine/connection.ts";
import {
  createContainer,
  listContainers,
  removeContainer,
  renameContainer,
  startContainer,
  stopContainer,
} from "../engine/containers.ts";
import type { DaemonSpec } from "./daemon-spec.ts";
import { type Component, containerName, installationLabels, installLabel } from "./names.ts";
import { daemonReady } from "./readiness.ts";

/** A daemon's container as it is found. */
export interface Daemon {
  id: string;
  running: boolean;
  labels: Record<string, string>;
}

export type DaemonChange = "created" | "replaced" | "started" | "unchanged";

/** Null when there is none. Finishes or undoes a replacement that was cut short. */
export async function findDaemon(
  connection: EngineConnection,
  instance: string,
  component: Component,
): Promise<Daemon | null> {
  const name = containerName(instance, component);
  const found = await listContainers(connection, installationLabels(instance, component));
  const present = found.find((container) => container.name === name);
  const next = found.find((container) => container.name === nextName(name));
  if (next && (next.state !== "running" || present?.state === "running")) {
    await removeContainer(connection, next.id);
  } else if (next) {
    if (present) await removeContainer(connection, present.id);
    await renameContainer(connection, next.id, name);
    return { id: next.id, running: true, labels: next.labels };
  }
  return present ? { id: present.id, running: present.state === "running", labels: present.labels } : null;
}

/** What has to be done so that the daemon is as the spec says. `replace` false: a running one is left as it is. */
export function neededChange(daemon: Daemon | null, spec: DaemonSpec, replace: boolean): DaemonChange {
  if (!daemon) return "created";
  const same = daemon.labels[installLabel.config] === spec.config;
  if (daemon.running) return same || !replace ? "unchanged" : "replaced";
  return same ? "started" : "replaced";
}

/**
 * Makes the daemon as the spec says and waits until it answers. When a new container does not come up it is
 * removed and the one before runs again.
 * @throws CONTROL_UNREACHABLE, GATEWAY_UNREACHABLE, ENGINE_ERROR.
 */
export async function applyChange(
  connection: EngineConnection,
  instance: string,
  spec: DaemonSpec,
  daemon: Daemon | null,
  change: DaemonChange,
): Promise<void> {
  const { component } = spec;
  const name = containerName(instance, component);
  if (change === "unchanged") return;
  if (change === "started" && daemon) {
    await startContainer(connection, daemon.id);
    await daemonReady(connection, component, daemon.id);
    return;
  }
  const id = await createContainer(connection, daemon ? nextName(name) : name, spec.body);
  try {
    if (daemon) await stopContainer(connection, daemon.id);
    await startContainer(connection, id);
    await daemonReady(connection, component, id);
  } catch (error) {
    await removeContainer(connection, id);
    if (daemon?.running) await startContainer(connection, daemon.id);
    throw error;
  }
  if (!daemon) return;
  await removeContainer(connection, daemon.id);
  await renameContainer(connection, id, name);
}

function nextName(name: string): string {
  return `${name}-next`;
}

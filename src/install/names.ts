import { label } from "../model/labels.ts";

/** The daemons of an installation. */
export type Component = "control" | "gateway";

export const components: readonly Component[] = ["gateway", "control"];

/** Labels of the installation's own containers, beside those of `model/labels`. */
export const installLabel = {
  /** SHA-256 over all that makes the container what it is; another one means it must be made again. */
  config: "dev.cutover.config",
  httpPort: "dev.cutover.http-port",
  bind: "dev.cutover.bind",
  /** JSON of the gateway's settings that were said, by name. */
  settings: "dev.cutover.gateway-settings",
} as const;

/** User of the gateway: no account of the engine's machine has this number by default. */
export const gatewayUser = 10_001;

export const nodePath = "/bin/node";

/** Directories inside the daemons' containers, each a volume of the installation. */
export const directories = {
  state: "/var/lib/cutover",
  control: "/run/cutover-control",
  gateway: "/run/cutover",
} as const;

export type VolumeKey = keyof typeof directories;

export const volumeKeys: readonly VolumeKey[] = ["state", "control", "gateway"];

export const controlSocket = "control.sock";
export const gatewaySocket = "gateway.sock";

export function containerName(instance: string, component: Component): string {
  return `${instance}-${component}`;
}

export function volumeName(instance: string, key: VolumeKey): string {
  return `${instance}-${key}`;
}

export function imageRepository(instance: string): string {
  return `${instance}/daemon`;
}

/** Labels of everything that belongs to the installation itself and not to an app. */
export function installationLabels(instance: string, component: string): Record<string, string> {
  return { [label.instance]: instance, [label.component]: component };
}

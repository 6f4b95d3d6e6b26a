import { createHash } from "node:crypto";
import type { EngineConnection } from "../engine/connection.ts";
import type { EngineHost } from "../engine/host.ts";
import { bundlePath } from "./bundles.ts";
import type { DaemonImage } from "./daemon-image.ts";
import { type SaidSettings, settingsOfSpec } from "./gateway-settings.ts";
import { hasKernelRules, kernelRights } from "./kernel-rules.ts";
import {
  type Component,
  directories,
  gatewaySocket,
  gatewayUser,
  installationLabels,
  installLabel,
  nodePath,
  type VolumeKey,
  volumeName,
} from "./names.ts";

/** How the gateway is reached. */
export interface Ports {
  httpPort: number;
  /** Address of the `http` listener; null binds every address. */
  bind: string | null;
}

export interface SpecInput extends Ports {
  instance: string;
  image: DaemonImage;
  /** Of the gateway. */
  settings: SaidSettings;
  /** The engine's socket on the engine's machine. */
  engineSocket: string;
}

/** A container to be: the body of the engine's create request, and the hash over all that matters in it. */
export interface DaemonSpec {
  component: Component;
  config: string;
  body: object;
}

const socketInContainer = "/var/run/docker.sock";
const logs = { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } };

/**
 * Not root, on the host's network, no Docker socket, no capability but the one to bind, nothing writable but its volume
 * and the spool directory where a setting names one. Where a setting asks for the kernel's help, two programs in the
 * image may administer the network; the daemon's own processes may not.
 */
export function gatewaySpec(input: SpecInput): DaemonSpec {
  const { instance, httpPort, bind } = input;
  const said = settingsOfSpec(input.settings);
  const kernel = hasKernelRules(said.labels) ? kernelRights(instance) : null;
  return spec(input, "gateway", {
    Cmd: [
      bundlePath("gateway"),
      "--http-port",
      String(httpPort),
      ...(bind === null ? [] : ["--bind", bind]),
      "--socket",
      `${directories.gateway}/${gatewaySocket}`,
      "--snapshot",
      `${directories.gateway}/table.json`,
      ...said.flags,
    ],
    User: `${gatewayUser}:${gatewayUser}`,
    ...(kernel === null ? {} : { Env: kernel.environment }),
    Labels: { [installLabel.httpPort]: String(httpPort), [installLabel.bind]: bind ?? "", ...said.labels },
    HostConfig: {
      NetworkMode: "host",
      CapAdd: ["NET_BIND_SERVICE", ...(kernel?.capabilities ?? [])],
      Mounts: [volumeMount(instance, "gateway"), ...said.mounts],
    },
  });
}

/**
 * No network at all. Root without capabilities, as the engine's socket belongs to root (or, with a rootless engine,
 * to the user that is root in its containers). NET_BIND_SERVICE, of no use without a network, because the kernel
 * does not execute a file whose effective capability is out of bounds; DAC_OVERRIDE for the gateway's volume, which
 * belongs to the gateway's user.
 */
export function controlSpec(input: SpecInput): DaemonSpec {
  const { instance } = input;
  return spec(input, "control", {
    Cmd: ["--disable-warning=ExperimentalWarning", bundlePath("control"), "serve"],
    User: "0:0",
    Env: [`CUTOVER_INSTANCE=${instance}`, `CUTOVER_ENGINE_SOCKET=${socketInContainer}`],
    Labels: {},
    HostConfig: {
      NetworkMode: "none",
      CapAdd: ["NET_BIND_SERVICE", "DAC_OVERRIDE"],
      SecurityOpt: ["label=disable"],
      Tmpfs: { "/tmp": "size=64m,mode=1777" },
      Mounts: [
        { Type: "bind", Source: input.engineSocket, Target: socketInContainer },
        volumeMount(instance, "state"),
        volumeMount(instance, "control"),
        volumeMount(instance, "gateway"),
      ],
    },
  });
}

/** Where the engine's own socket is on its machine, for a bind mount into control. */
export function engineSocketPath(connection: EngineConnection, host: EngineHost): string {
  const { endpoint } = connection;
  return endpoint.kind === "socket" && host.local ? endpoint.path : "/var/run/docker.sock";
}

interface Part {
  Cmd: string[];
  User: string;
  Env?: string[];
  Labels: Record<string, string>;
  HostConfig: object;
}

function spec(input: SpecInput, component: Component, part: Part): DaemonSpec {
  const body = {
    ...part,
    Entrypoint: [nodePath],
    WorkingDir: "/",
    Labels: { ...installationLabels(input.instance, component), ...part.Labels },
    HostConfig: {
      ...part.HostConfig,
      RestartPolicy: { Name: "unless-stopped" },
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      UsernsMode: "host",
      LogConfig: logs,
    },
  };
  const config = createHash("sha256")
    .update(JSON.stringify([input.image.identity[component], body]))
    .digest("hex");
  return {
    component,
    config,
    body: { ...body, Image: input.image.ref, Labels: { ...body.Labels, [installLabel.config]: config } },
  };
}

function volumeMount(instance: string, key: VolumeKey): object {
  return { Type: "volume", Source: volumeName(instance, key), Target: directories[key] };
}

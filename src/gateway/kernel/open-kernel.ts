import { dirname } from "node:path";
import type { GatewayOptions } from "../options.ts";
import { KernelSwitch, type KernelSwitchOptions } from "./kernel-switch.ts";
import { imageTools } from "./tools.ts";

/** The kernel's part of a gateway; null unless the settings ask for it. */
export function openKernel(
  { instance, snapshot, settings }: Pick<GatewayOptions, "instance" | "snapshot" | "settings">,
  rest: Pick<KernelSwitchOptions, "log" | "bound" | "report">,
): KernelSwitch | null {
  if (!settings.kernelStreams) return null;
  const { proxyProtocol } = settings;
  return new KernelSwitch({
    instance,
    tools: imageTools,
    directory: dirname(snapshot),
    proxyProtocol,
    ...rest,
  });
}

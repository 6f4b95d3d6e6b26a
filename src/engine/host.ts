import { hostname, release } from "node:os";
import { z } from "zod";
import type { EngineConnection } from "./connection.ts";

const infoSchema = z.object({
  Name: z.string(),
  KernelVersion: z.string(),
  OperatingSystem: z.string(),
  SecurityOptions: z.array(z.string()).nullish(),
});

/** The machine that an engine runs on. */
export interface EngineHost {
  /** As Docker names it: `amd64`, `arm64`. */
  architecture: string;
  operatingSystem: string;
  /** This process runs on the same machine, so its files and processes are the engine's. */
  local: boolean;
  rootless: boolean;
  /** The engine runs in a virtual machine of Docker Desktop. */
  desktop: boolean;
}

export async function engineHost(connection: EngineConnection): Promise<EngineHost> {
  const [version, information] = await Promise.all([
    connection.json({ method: "GET", path: "/version" }),
    connection.json({ method: "GET", path: "/info" }),
  ]);
  const { Arch, Os } = z.object({ Arch: z.string(), Os: z.string() }).parse(version.body);
  const info = infoSchema.parse(information.body);
  const desktop = info.OperatingSystem.startsWith("Docker Desktop");
  return {
    architecture: Arch,
    operatingSystem: Os,
    desktop,
    local:
      connection.endpoint.kind === "socket" &&
      !desktop &&
      info.Name === hostname() &&
      info.KernelVersion === release(),
    rootless: (info.SecurityOptions ?? []).some((option) => option.startsWith("name=rootless")),
  };
}

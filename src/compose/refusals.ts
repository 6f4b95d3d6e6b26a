import { colours, colourService } from "../model/app.ts";
import type { ComposeModel, ComposeService } from "./compose-model.ts";
import type { Refusal } from "./notice.ts";
import { type RoleDecision, sharedWith } from "./roles.ts";
import { type SourceFile, locate } from "./source-file.ts";

type Roles = Readonly<Record<string, RoleDecision>>;

/** What two colours can't share, each with its place in the file and what to do instead. */
export function readRefusals(model: ComposeModel, roles: Roles, sources: readonly SourceFile[]): Refusal[] {
  const refusals: Refusal[] = [];
  for (const [name, service] of Object.entries(model.services)) {
    const role = roles[name]?.role;
    const add = (message: string, ...path: (string | number)[]): void => {
      const where = locate(sources, ["services", name, ...path]);
      refusals.push({ code: "UNSUPPORTED", message: `Service "${name}" ${message}`, where });
    };
    if (role === "web" || role === "worker") {
      refuseNetwork(service, role, add);
      refuseSharing(service, roles, add);
      refuseJobs(service, add);
    } else {
      refuseAnswering(name, model, roles, add);
      for (const other of sharedWith(service)) {
        if (roles[other] && roles[other].role !== "backing") {
          add(`stays, but shares a namespace or volumes with "${other}", which is replaced.`);
        }
      }
    }
  }
  return refusals;
}

type Add = (message: string, ...path: (string | number)[]) => void;

function refuseNetwork(service: ComposeService, role: "web" | "worker", add: Add): void {
  const mode = service.network_mode ?? "";
  if (mode === "host")
    add("uses the host's network, where two colours would need the same ports.", "network_mode");
  if (mode.startsWith("container:")) add("uses the network of a container outside the app.", "network_mode");
  if (role === "web" && (mode === "none" || mode.startsWith("service:"))) {
    add(`has no address of its own (network_mode: ${mode}), so the gateway can't reach it.`, "network_mode");
  }
  if (service.mac_address !== undefined)
    add("has a fixed MAC address, which two colours can't both have.", "mac_address");
  for (const [key, network] of Object.entries(service.networks ?? {})) {
    for (const fixed of ["ipv4_address", "ipv6_address", "mac_address", "link_local_ips"] as const) {
      if (network?.[fixed] !== undefined) {
        add(
          `has a fixed ${fixed} on the network "${key}", which two colours can't both have.`,
          "networks",
          key,
          fixed,
        );
      }
    }
  }
}

function refuseSharing(service: ComposeService, roles: Roles, add: Add): void {
  for (const other of sharedWith(service)) {
    if (roles[other]?.role === "backing") {
      add(
        `shares a namespace or volumes with "${other}", which stays. Both must be replaced, or both must stay.`,
      );
    }
  }
  for (const link of service.links ?? []) {
    const [target, alias] = link.split(":");
    if (roles[target ?? ""]?.role === "backing" && alias !== undefined && alias !== target) {
      add(
        `links "${target}" under the name "${alias}", and "${target}" stays. Give "${target}" that name as an alias on a network of both.`,
        "links",
      );
    }
  }
}

function refuseJobs(service: ComposeService, add: Add): void {
  for (const [other, how] of Object.entries(service.depends_on ?? {})) {
    if (how.condition === "service_completed_successfully") {
      add(
        `waits for "${other}" to end. Say what "${other}" does as a hook instead: \`x-cutover: {hooks: {pre-deploy: …}}\` runs it once per deployment.`,
        "depends_on",
        other,
      );
    }
  }
}

/** A name that a service which stays would answer to beside a colour's container. */
function refuseAnswering(name: string, model: ComposeModel, roles: Roles, add: Add): void {
  const taken = new Map<string, string>();
  for (const [other, decision] of Object.entries(roles)) {
    if (decision.role === "backing") continue;
    for (const answer of [other, model.services[other]?.hostname]) {
      if (answer === undefined) continue;
      for (const colour of colours) taken.set(colourService(answer, colour), other);
    }
  }
  const service = model.services[name];
  const aliases = Object.values(service?.networks ?? {}).flatMap((network) => network?.aliases ?? []);
  for (const answer of [name, service?.container_name, service?.hostname, ...aliases]) {
    const other = answer === undefined ? undefined : taken.get(answer);
    if (other !== undefined) {
      add(`answers to "${answer}", which is the name of a colour of "${other}". Rename one of them.`);
    }
  }
}

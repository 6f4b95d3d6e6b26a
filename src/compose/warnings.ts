import type { ComposeModel, ComposeService } from "./compose-model.ts";
import type { Warning, WarningCode } from "./notice.ts";
import { type RoleDecision, type ServiceFacts, writtenBinds, writtenVolumes } from "./roles.ts";
import { traefikLabels } from "./service-labels.ts";
import { type SourceFile, locate } from "./source-file.ts";

type Roles = Readonly<Record<string, RoleDecision>>;

/** What a person should know about the services of a file, beside what `readRouting` tells of ports. */
export function readWarnings(
  model: ComposeModel,
  roles: Roles,
  facts: Readonly<Record<string, ServiceFacts>>,
  sources: readonly SourceFile[],
): Warning[] {
  const warnings: Warning[] = [];
  for (const [name, service] of Object.entries(model.services)) {
    const decision = roles[name];
    if (!decision || !facts[name]) continue;
    const add = (code: WarningCode, message: string, ...path: string[]): void => {
      const where = locate(sources, ["services", name, ...path]);
      warnings.push({ code, message: `Service "${name}" ${message}`, where });
    };
    if (decision.role === "backing") warnBacking(service, decision, roles, add);
    else warnReplaced(model, service, decision, add);
  }
  return warnings;
}

type Add = (code: WarningCode, message: string, ...path: string[]) => void;

function warnBacking(service: ComposeService, decision: RoleDecision, roles: Roles, add: Add): void {
  const how = "Say `x-cutover: {role: web}` to have it replaced";
  if (decision.keptBy === "volume") {
    add(
      "VOLUME_KEEPS",
      `stays as it is: ${decision.reason}. ${how}, if two copies may write it at once.`,
      "volumes",
    );
  }
  if (decision.keptBy === "port") add("PORT_KEEPS", `stays as it is: ${decision.reason}.`, "ports");
  if (decision.keptBy === "traefik") {
    const labels = traefikLabels(service);
    add(
      "TRAEFIK_LABELS",
      `stays as it is: only Traefik's labels (${labels[0]}${labels.length > 1 ? ", …" : ""}) say where it is served, ` +
        "and this version does not read them. Give it a label `cutover.host` or `cutover.port` to have it replaced.",
      "labels",
    );
  }
  for (const other of Object.keys(service.depends_on ?? {})) {
    const role = roles[other]?.role;
    if (role === "web" || role === "worker") {
      add(
        "BACKING_NEEDS_COLOUR",
        `stays, but depends on "${other}", which is replaced and does not answer to the name "${other}" from outside its colour.`,
        "depends_on",
        other,
      );
    }
  }
}

function warnReplaced(model: ComposeModel, service: ComposeService, decision: RoleDecision, add: Add): void {
  const volumes = writtenVolumes(service);
  if (volumes.length > 0) {
    const names = volumes.map((volume) => `"${volume}"`).join(", ");
    add(
      "SHARED_VOLUME",
      `writes ${names}: during a deployment the old and the new one do so at once.`,
      "volumes",
    );
  }
  const binds = writtenBinds(service);
  if (binds.length > 0) {
    add(
      "SHARED_BIND",
      `can write ${binds.join(", ")}: during a deployment the old and the new one can at once.`,
      "volumes",
    );
  }
  if (decision.role === "web" && traefikLabels(service).length > 0) {
    add(
      "TRAEFIK_LABELS",
      "has Traefik's labels beside its own port or name: the gateway serves it, and Traefik no longer sees them.",
      "labels",
    );
  }
  for (const [key, network] of Object.entries(service.networks ?? {})) {
    const aliases = network?.aliases ?? [];
    if (aliases.length > 0 && model.networks?.[key]?.external === true) {
      add(
        "ALIAS_NOT_KEPT",
        `has the name ${aliases.map((one) => `"${one}"`).join(", ")} on the network "${key}" of other projects. ` +
          "It is not answered there, because two colours would answer to it; other projects reach it through the gateway.",
        "networks",
        key,
      );
    }
  }
}

import { CutoverError } from "../model/error.ts";
import { userLabel } from "../model/labels.ts";
import type { ComposeService } from "./compose-model.ts";
import { unescapeDollar } from "./dollar.ts";
import { didYouMean } from "./nearest.ts";
import { type SourceFile, locate } from "./source-file.ts";
import { serviceExtension } from "./extension-schema.ts";

/** What the `cutover.` labels of a service say; the same as the keys of that name in `x-cutover`. */
export interface UserLabels {
  hosts: string[];
  path: string | null;
  port: number | null;
}

/** Reads a service's `cutover.` labels. Throws LABEL_INVALID with the place in the file. */
export function readUserLabels(
  service: string,
  definition: ComposeService,
  sources: readonly SourceFile[],
): UserLabels {
  const labels = definition.labels ?? {};
  const known: readonly string[] = Object.values(userLabel);
  const fail = (key: string, message: string): CutoverError => {
    const where = locate(sources, ["services", service, "labels", key], "value");
    return new CutoverError("LABEL_INVALID", message, where ? { where } : {});
  };
  for (const key of Object.keys(labels)) {
    if (key.startsWith("cutover.") && !known.includes(key)) {
      throw fail(key, `Unknown label "${key}" of service "${service}".${didYouMean(key, known)}`);
    }
  }
  const value = (key: string): string | null =>
    key in labels ? unescapeDollar(String(labels[key])).trim() : null;
  const { host, path, port } = serviceExtension.shape;
  const hosts =
    value(userLabel.host)
      ?.split(",")
      .map((one) => one.trim()) ?? [];
  if (hosts.some((one) => !host.safeParse(one).success)) {
    throw fail(
      userLabel.host,
      `The label ${userLabel.host} of service "${service}" must be a host name, or several with commas between.`,
    );
  }
  const pathValue = value(userLabel.path);
  if (pathValue !== null && !path.safeParse(pathValue).success) {
    throw fail(
      userLabel.path,
      `The label ${userLabel.path} of service "${service}" must be a path that begins with "/".`,
    );
  }
  const portValue = value(userLabel.port);
  if (portValue !== null && !port.safeParse(portValue).success) {
    throw fail(
      userLabel.port,
      `The label ${userLabel.port} of service "${service}" must be a port from 1 to 65535.`,
    );
  }
  return { hosts, path: pathValue, port: portValue === null ? null : Number(portValue) };
}

/** True when the labels ask for the service to be routed. */
export function asksForRoute(labels: UserLabels): boolean {
  return labels.hosts.length > 0 || labels.path !== null || labels.port !== null;
}

/** Names of the labels by which a service asks Traefik to route it. */
export function traefikLabels(definition: ComposeService): string[] {
  const labels = definition.labels ?? {};
  if (labels["traefik.enable"] === "false") return [];
  return Object.keys(labels).filter((key) => key.startsWith("traefik."));
}

import type { Role } from "../model/app.ts";
import { parseDuration } from "../model/duration.ts";
import { CutoverError } from "../model/error.ts";
import { userLabel } from "../model/labels.ts";
import { invalid } from "./extension-error.ts";
import type { ServiceExtension } from "./extension-schema.ts";
import { policyDefaults } from "./policy.ts";
import { policyKeys } from "./policy-schema.ts";
import type { ServiceFacts } from "./roles.ts";
import { isTrue } from "./schema-parts.ts";
import { type KeyPath, type SourceFile, locate } from "./source-file.ts";

/** Keys that speak of requests, which the gateway does not see in a connection that it passes on. */
const httpOnly: readonly KeyPath[] = [
  ["path"],
  ["match"],
  ["priority"],
  ["timeouts", "response"],
  ["timeouts", "keep-alive"],
  ["sticky"],
  ["retry"],
  ["host-header"],
  ["buffer-requests"],
  ["max-body"],
];

/** Keys that the kernel can't keep to when it passes connections on. */
const notInKernel: readonly KeyPath[] = [
  ["timeouts"],
  ["max-in-flight"],
  ["queue"],
  ["eject"],
  ["slow-start"],
  ["weight"],
  ["proxy-protocol"],
];

/**
 * Refuses keys of a service that say nothing together.
 * @throws CutoverError EXTENSION_INVALID or LABEL_INVALID with the place of the key in the file
 */
export function checkPolicyKeys(
  name: string,
  { extension: said, labels }: ServiceFacts,
  role: Role,
  sources: readonly SourceFile[],
): void {
  const refuse = (key: KeyPath, why: string): never => {
    const path = ["services", name, "x-cutover", ...key];
    throw invalid(`${name}.x-cutover.${key.join(".")} has no effect: ${why}.`, path, "key", sources);
  };
  const forbid = (keys: readonly KeyPath[], why: string): void => {
    const key = keys.find((path) => valueAt(said, path) !== undefined);
    if (key) refuse(key, why);
  };
  if (role !== "web") {
    forbid(
      Object.keys(policyKeys).map((key) => [key]),
      role === "worker" ? "the service takes no request" : "the service stays as it is",
    );
  }
  const { protocol = "http" } = said;
  const kernel = isTrue(said.kernel);
  if (kernel && protocol !== "tcp") refuse(["kernel"], "it needs `protocol: tcp`");
  if (protocol !== "http") {
    forbid(
      httpOnly,
      `it speaks of requests, and with \`protocol: ${protocol}\` connections are passed on as they are`,
    );
  }
  if (protocol === "tcp") {
    forbid([["host"]], "a connection of `protocol: tcp` names no host; with `protocol: tls` it does");
  }
  for (const [key, isSaid] of [
    [userLabel.host, protocol === "tcp" && labels.hosts.length > 0],
    [userLabel.path, protocol !== "http" && labels.path !== null],
  ] as const) {
    if (!isSaid) continue;
    const message = `The label ${key} of service "${name}" has no effect with \`protocol: ${protocol}\`.`;
    const where = locate(sources, ["services", name, "labels", key]);
    throw new CutoverError("LABEL_INVALID", message, where ? { where } : {});
  }
  if (kernel) forbid(notInKernel, "the kernel passes connections on without it");
  checkPauses(name, said, sources);
}

function checkPauses(name: string, { eject }: ServiceExtension, sources: readonly SourceFile[]): void {
  if (typeof eject !== "object" || eject["max-pause"] === undefined) return;
  const pause = eject.pause === undefined ? policyDefaults.ejection.baseMs : parseDuration(eject.pause);
  if ((parseDuration(eject["max-pause"]) ?? 0) >= (pause ?? 0)) return;
  const path = ["services", name, "x-cutover", "eject", "max-pause"];
  throw invalid(`${name}.x-cutover.eject.max-pause must not be less than \`pause\`.`, path, "value", sources);
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null ? Reflect.get(at, step) : undefined),
    value,
  );
}

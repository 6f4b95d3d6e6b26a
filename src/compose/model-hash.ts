import { createHash } from "node:crypto";
import type { ReleaseDraft } from "../model/release.ts";
import { colourProjectFile } from "./colour-project.ts";
import type { ComposeModel } from "./compose-model.ts";

/** Compares two texts by their UTF-16 units: the same on every machine, unlike a locale's order. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** JSON with the keys of every object in order and nothing undefined: equal for equal values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => byUnits(a, b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}

/** SHA-256 of the canonical JSON of a value, in hexadecimal. */
export function modelHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

export type FingerprintInput = Pick<ReleaseDraft, "services" | "listeners" | "hooks" | "settings"> & {
  model: ComposeModel;
};

/**
 * Fingerprint of a release: over its containers' definitions with the ids of their images, routes, checks, listeners,
 * hooks and settings. Equal fingerprints mean that a deployment would change nothing. What stays in the base project
 * has no part in it, nor has the content of files that are mounted.
 */
export function fingerprint(input: FingerprintInput): string {
  const services = input.services
    .map((service) => ({ ...service, image: { ref: service.image.id, id: service.image.id } }))
    .sort((a, b) => byUnits(a.name, b.name));
  const project = colourProjectFile({
    model: input.model,
    colour: "blue",
    release: 0,
    deployment: "",
    instance: "",
    services,
    hooks: input.hooks,
  });
  const listeners = input.listeners.toSorted((a, b) => byUnits(a.name, b.name));
  return modelHash({ project, services, listeners, hooks: input.hooks, settings: input.settings });
}

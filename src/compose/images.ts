import type { ComposeModel } from "./compose-model.ts";

/**
 * Tag by which Cutover keeps the image of a service of a release: `cutover.local/shop/web:12`. No registry answers
 * under that name, so it is never pulled or pushed by accident.
 */
export function releaseImageRef(app: string, service: string, release: number): string {
  return `cutover.local/${repositoryPart(app)}/${repositoryPart(service)}:${release}`;
}

/** The name under which the engine has a service's image after build or pull: its `image`, else compose's own `<project>-<service>`. */
export function serviceImageName(model: ComposeModel, service: string): string {
  return model.services[service]?.image ?? `${model.name}-${service}`.toLowerCase();
}

/**
 * A compose name as part of an image name. Compose allows `Web`, `a__b` and `-x`; an image's name has lower case and
 * single separators between letters or digits. What would be lost is kept as hexadecimal, so that two names never
 * become one.
 */
function repositoryPart(name: string): string {
  const isHex = /^x-[0-9a-f]+$/.test(name);
  if (!isHex && /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(name)) return name;
  const hex = [...new TextEncoder().encode(name)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `x-${hex}`;
}

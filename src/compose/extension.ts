import type { z } from "zod";
import { type Check, defaultCheck } from "../model/check.ts";
import { type Hook, type Settings, defaultSettings, hookPhases } from "../model/settings.ts";
import { unescapeDollars } from "./dollar.ts";
import { parseDuration } from "../model/duration.ts";
import { extensionError, invalid } from "./extension-error.ts";
import {
  type AppExtension,
  type HookEntry,
  type ServiceExtension,
  appExtension,
  serviceExtension,
} from "./extension-schema.ts";
import { type KeyPath, type SourceFile, locate } from "./source-file.ts";
import { CutoverError } from "../model/error.ts";
import { didYouMean } from "./nearest.ts";
import { isTrue } from "./schema-parts.ts";

/** Milliseconds that a hook may take unless it says otherwise. */
export const defaultHookTimeoutMs = 600_000;

/** `x-cutover` at the top of the file, checked. Throws EXTENSION_INVALID with the place in the file. */
export function readAppExtension(value: unknown, sources: readonly SourceFile[]): AppExtension {
  return checked(appExtension, value, ["x-cutover"], sources);
}

/** `x-cutover` of a service, checked. Throws EXTENSION_INVALID with the place in the file. */
export function readServiceExtension(
  service: string,
  value: unknown,
  sources: readonly SourceFile[],
): ServiceExtension {
  const base = ["services", service, "x-cutover"];
  const extension = checked(serviceExtension, value, base, sources);
  if (isTrue(extension.keep) && extension.role !== undefined && extension.role !== "backing") {
    throw invalid(
      `${service}.x-cutover says \`keep: true\` and \`role: ${extension.role}\`: what is kept is not replaced.`,
      [...base, "role"],
      "key",
      sources,
    );
  }
  return extension;
}

function checked<T extends z.ZodType>(
  schema: T,
  value: unknown,
  base: KeyPath,
  sources: readonly SourceFile[],
): z.infer<T> {
  const result = schema.safeParse(unescapeDollars(value ?? {}));
  if (result.success) return result.data;
  throw extensionError(schema, result.error.issues, base, sources);
}

/** Settings after defaults. */
export function readSettings(extension: AppExtension): Settings {
  const d = defaultSettings;
  return {
    readyTimeoutMs: ms(extension["ready-timeout"], d.readyTimeoutMs),
    drainRequestsMs: ms(extension.drain?.requests, d.drainRequestsMs),
    drainConnectionsMs: ms(extension.drain?.connections, d.drainConnectionsMs),
    drainSpreadMs: ms(extension.drain?.spread, d.drainSpreadMs),
    rollbackWindowMs: ms(extension["rollback-window"], d.rollbackWindowMs),
    keepReleases: whole(extension["keep-releases"], d.keepReleases),
  };
}

/** The probe of a web service after defaults. `firstHost` is the first exact host name that it is served under. */
export function readCheck(extension: ServiceExtension, firstHost: string | null): Check {
  const said = extension.check ?? {};
  const path = said.path ?? defaultCheck.path;
  return {
    path,
    host: said.host ?? (path === null ? defaultCheck.host : firstHost),
    successes: whole(said.successes, defaultCheck.successes),
    intervalMs: ms(said.interval, defaultCheck.intervalMs),
    timeoutMs: ms(said.timeout, defaultCheck.timeoutMs),
    status: statusRange(said.status) ?? defaultCheck.status,
  };
}

/** Which services a hook may name, and which one it means when it names none. */
export interface HookServices {
  /** Every service in the file. */
  known: readonly string[];
  /** Those that a deployment replaces. */
  replaced: readonly string[];
  web: readonly string[];
}

/**
 * Hooks in order. A text is run as `sh -c TEXT`. A hook that names no service means the only service that is replaced,
 * or the only web one. Throws SERVICE_UNKNOWN or EXTENSION_INVALID with the place in the file.
 */
export function readHooks(
  extension: AppExtension,
  services: HookServices,
  sources: readonly SourceFile[],
): Hook[] {
  return hookPhases.flatMap((phase) => {
    const said = extension.hooks?.[phase] ?? [];
    const entries: HookEntry[] = typeof said === "string" ? [said] : said;
    return entries.map((entry, index): Hook => {
      const path = ["x-cutover", "hooks", phase, ...(typeof said === "string" ? [] : [index])];
      const hook = typeof entry === "string" ? { command: entry } : entry;
      return {
        phase,
        index,
        service: hookService(hook.service, services, path, sources),
        command: typeof hook.command === "string" ? ["sh", "-c", hook.command] : hook.command,
        timeoutMs: ms(hook.timeout, defaultHookTimeoutMs),
      };
    });
  });
}

function hookService(
  named: string | undefined,
  services: HookServices,
  path: KeyPath,
  sources: readonly SourceFile[],
): string {
  const choice = `Name one with \`service\`: ${services.replaced.join(", ") || "none is replaced"}.`;
  if (named === undefined) {
    const only = services.replaced.length === 1 ? services.replaced[0] : undefined;
    const onlyWeb = services.web.length === 1 ? services.web[0] : undefined;
    const meant = only ?? onlyWeb;
    if (meant === undefined) {
      throw invalid(
        `A hook does not say from which service's image it runs. ${choice}`,
        path,
        "value",
        sources,
      );
    }
    return meant;
  }
  if (services.replaced.includes(named)) return named;
  if (services.known.includes(named)) {
    const message = `A hook runs from a new image, and a deployment does not replace "${named}". ${choice}`;
    throw invalid(message, [...path, "service"], "value", sources);
  }
  const where = locate(sources, [...path, "service"], "value");
  throw new CutoverError(
    "SERVICE_UNKNOWN",
    `A hook names the service "${named}", which is not in the file.${didYouMean(named, services.known)}`,
    where ? { where } : {},
  );
}

function ms(text: string | undefined, fallback: number): number {
  return (text === undefined ? null : parseDuration(text)) ?? fallback;
}

function whole(value: number | string | undefined, fallback: number): number {
  return value === undefined ? fallback : Number(value);
}

function statusRange(value: number | string | undefined): Check["status"] | null {
  if (value === undefined) return null;
  const [from, to] = String(value).split("-");
  return { from: Number(from), to: Number(to ?? from) };
}

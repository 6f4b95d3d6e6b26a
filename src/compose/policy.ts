import type { Check } from "../model/check.ts";
import { parseDuration } from "../model/duration.ts";
import type { BackendPolicy, Condition } from "../model/route.ts";
import { parseSize } from "../model/size.ts";
import type { ServiceExtension } from "./extension-schema.ts";
import { isFalse, isTrue } from "./schema-parts.ts";

/** What a key stands for whose mapping leaves something out; docs/reference/x-cutover.md says the same. */
export const policyDefaults = {
  stickyCookie: "cutover",
  ejection: { failures: 5, baseMs: 1_000, maxMs: 30_000 },
  probe: { everyMs: 5_000, failures: 3 },
  retry: { attempts: 2, budget: 0.2 },
  bufferRequests: { memoryBytes: 65_536, diskBytes: 104_857_600 },
} as const;

/** How the gateway is to treat the service's containers; only what the file says. Null when it says nothing. */
export function readPolicy(said: ServiceExtension, check: Check): BackendPolicy | null {
  const { timeouts, queue } = said;
  const policy: BackendPolicy = {
    ...when("connectMs", milliseconds(timeouts?.connect)),
    ...when("responseMs", milliseconds(timeouts?.response)),
    ...when("keepAliveMs", milliseconds(timeouts?.["keep-alive"])),
    ...when("maxInFlight", whole(said["max-in-flight"])),
    ...when("maxQueued", whole(queue?.size)),
    ...when("queueMs", milliseconds(queue?.wait)),
    ...when("sticky", stickyOf(said.sticky)),
    ...when("ejection", ejectionOf(said.eject)),
    ...when("probe", probeOf(said.probe, check)),
    ...when("slowStartMs", milliseconds(said["slow-start"])),
    ...when("retry", retryOf(said.retry)),
    ...when("host", hostOf(said["host-header"])),
    ...when("proxyProtocol", versions[said["proxy-protocol"] ?? ""]),
    ...when("bufferRequests", bufferingOf(said["buffer-requests"])),
    ...when("maxBodyBytes", bytes(said["max-body"])),
  };
  return Object.keys(policy).length === 0 ? null : policy;
}

const versions: Record<string, 1 | 2> = { v1: 1, v2: 2 };

type Said<K extends keyof ServiceExtension> = ServiceExtension[K];

/** A mapping of what was said; empty for `true`, null for nothing and `false`. */
function mapping<T extends object>(said: T | boolean | string | undefined): Partial<T> | null {
  if (typeof said === "object") return said;
  return isTrue(said) ? {} : null;
}

function stickyOf(said: Said<"sticky">): BackendPolicy["sticky"] {
  const one = mapping(said);
  if (!one) return undefined;
  const maxAge = milliseconds(one["max-age"]);
  return {
    cookie: one.cookie ?? policyDefaults.stickyCookie,
    ...when("maxAgeSeconds", maxAge === undefined ? undefined : Math.round(maxAge / 1_000)),
    ...(isTrue(one.secure) ? { secure: true } : {}),
    ...when("path", one.path),
  };
}

function ejectionOf(said: Said<"eject">): BackendPolicy["ejection"] {
  if (isFalse(said)) return null;
  if (typeof said !== "object") return undefined;
  const fallback = policyDefaults.ejection;
  const baseMs = milliseconds(said.pause) ?? fallback.baseMs;
  return {
    failures: whole(said.failures) ?? fallback.failures,
    baseMs,
    maxMs: milliseconds(said["max-pause"]) ?? Math.max(baseMs, fallback.maxMs),
  };
}

function probeOf(said: Said<"probe">, check: Check): BackendPolicy["probe"] {
  const one = mapping(said);
  if (!one) return undefined;
  return {
    check,
    everyMs: milliseconds(one.every) ?? policyDefaults.probe.everyMs,
    failures: whole(one.failures) ?? policyDefaults.probe.failures,
  };
}

function retryOf(said: Said<"retry">): BackendPolicy["retry"] {
  if (isFalse(said)) return { attempts: 0, budget: 0 };
  if (typeof said !== "object") return undefined;
  return {
    attempts: whole(said.attempts) ?? policyDefaults.retry.attempts,
    budget: said.budget === undefined ? policyDefaults.retry.budget : Number.parseFloat(said.budget) / 100,
  };
}

function hostOf(said: Said<"host-header">): BackendPolicy["host"] {
  if (said === undefined) return undefined;
  return said === "pass" || said === "target" ? said : { name: said };
}

function bufferingOf(said: Said<"buffer-requests">): BackendPolicy["bufferRequests"] {
  const one = mapping(said);
  if (!one) return undefined;
  return {
    memoryBytes: bytes(one.memory) ?? policyDefaults.bufferRequests.memoryBytes,
    diskBytes: bytes(one.disk) ?? policyDefaults.bufferRequests.diskBytes,
  };
}

/** What `match` asks of a request; null when it asks nothing. */
export function readCondition(match: Said<"match">): Condition | null {
  if (match === undefined) return null;
  const conditions: Condition[] = [
    ...one([match.methods ?? []].flat().map((method) => ({ method }))),
    ...wanted(match.headers).map(([header, value]) => ({ header: header.toLowerCase(), ...value })),
    ...wanted(match.query).map(([query, value]) => ({ query, ...value })),
    ...one([match.clients ?? []].flat().map((client) => ({ client }))),
  ];
  if (match["host-regexp"] !== undefined) conditions.push({ hostRegexp: match["host-regexp"] });
  if (match["path-regexp"] !== undefined) conditions.push({ pathRegexp: match["path-regexp"] });
  const [first] = conditions;
  return conditions.length > 1 ? { all: conditions } : (first ?? null);
}

/** Any of several. */
function one(conditions: Condition[]): Condition[] {
  return conditions.length > 1 ? [{ any: conditions }] : conditions;
}

type Wanted = NonNullable<NonNullable<Said<"match">>["headers"]>;

function wanted(said: Wanted | undefined): [name: string, { value: string | null } | { regexp: string }][] {
  return Object.entries(said ?? {}).map(([name, value]) => {
    if (value === null) return [name, { value }];
    return typeof value === "object" ? [name, { regexp: value.regexp }] : [name, { value: String(value) }];
  });
}

/** The key with its value; nothing for undefined. */
function when<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const pair: { [P in K]?: V } = {};
  if (value !== undefined) pair[key] = value;
  return pair;
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : (parseDuration(text) ?? undefined);
}

function bytes(size: number | string | undefined): number | undefined {
  return size === undefined ? undefined : (parseSize(String(size)) ?? undefined);
}

function whole(value: number | string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

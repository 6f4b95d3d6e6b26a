import { z } from "zod";
import type { BeginRequest, PutReleaseRequest } from "../model/control-api.ts";
import { CutoverError, type ErrorBody } from "../model/error.ts";
import { errorCatalogue } from "../model/error-catalogue.ts";
import { hookPhases } from "../model/settings.ts";

const ms = z.number().int().min(0);

const begin = z.object({
  kind: z.enum(["deploy", "rollback"]),
  release: z.number().int().positive().nullable(),
  waitLockMs: ms,
  who: z.string(),
  readyTimeoutMs: ms.nullable(),
});

const check = z.object({
  path: z.string().nullable(),
  host: z.string().nullable(),
  successes: z.number().int().min(1),
  intervalMs: z.number().int().min(1).max(100),
  timeoutMs: z.number().int().min(1),
  status: z.object({ from: z.number().int(), to: z.number().int() }),
});

/** Taken as it is: the gateway checks what stands in a table. */
const checkedByGateway = z.record(z.string(), z.unknown());

const draft = z.object({
  app: z.string(),
  force: z.boolean(),
  fingerprint: z.string(),
  services: z
    .array(
      z.object({
        name: z.string(),
        role: z.enum(["web", "worker"]),
        replicas: z.number().int().min(0),
        image: z.object({ ref: z.string(), id: z.string() }),
        port: z.number().int().min(1).max(65_535).nullable(),
        routes: z.array(
          z.object({
            listener: z.string(),
            hosts: z.array(z.string()),
            path: z.string(),
            priority: z.number(),
            when: checkedByGateway.optional(),
          }),
        ),
        streams: z.array(z.object({ listener: z.string(), serverNames: z.array(z.string()) })).optional(),
        policy: checkedByGateway.optional(),
        weight: z.number().int().min(0).max(1_000).optional(),
        sharesWith: z.string().optional(),
        check: check.nullable(),
        hasHealthcheck: z.boolean(),
        network: z.string().nullable(),
      }),
    )
    .min(1),
  listeners: z.array(
    z.object({
      name: z.string(),
      host: z.string().nullable(),
      port: z.number().int().min(1).max(65_535),
      protocol: z.enum(["http", "tcp", "tls"]).optional(),
      kernel: z.boolean().optional(),
    }),
  ),
  backing: z.array(z.string()),
  hooks: z.array(
    z.object({
      phase: z.enum(hookPhases as [string, ...string[]]),
      index: z.number().int().min(0),
      service: z.string(),
      command: z.array(z.string()),
      timeoutMs: ms,
    }),
  ),
  settings: z.object({
    readyTimeoutMs: ms,
    drainRequestsMs: ms,
    drainConnectionsMs: ms,
    drainSpreadMs: ms,
    rollbackWindowMs: ms,
    keepReleases: z.number().int().min(1),
  }),
  model: z.unknown(),
  projectDirectory: z.string(),
  git: z.object({ revision: z.string(), dirty: z.boolean() }).nullable(),
  who: z.string(),
});

const abort = z.object({
  reason: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).loose().nullable(),
});

/** @throws CutoverError USAGE naming the field */
export function parseBegin(body: unknown): BeginRequest {
  return parse(begin, body);
}

/** @throws CutoverError USAGE naming the field */
export function parseDraft(body: unknown): PutReleaseRequest {
  return parse(draft, body) as unknown as PutReleaseRequest;
}

/** @throws CutoverError USAGE naming the field */
export function parseAbort(body: unknown): { reason: string; error: ErrorBody | null } {
  const parsed = parse(abort, body);
  const known = parsed.error !== null && parsed.error.code in errorCatalogue;
  return { reason: parsed.reason, error: known ? (parsed.error as unknown as ErrorBody) : null };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new CutoverError("USAGE", `request: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

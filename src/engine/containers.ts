import type { Readable } from "node:stream";
import { z } from "zod";
import type { EngineConnection } from "./connection.ts";

const labelsSchema = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {});

const inspectSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]),
    OOMKilled: z.boolean(),
    ExitCode: z.number(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({
    Labels: labelsSchema,
    Tty: z.boolean(),
    StopTimeout: z.number().nullish(),
  }),
  NetworkSettings: z.object({
    Networks: z
      .record(
        z.string(),
        z.object({ NetworkID: z.string(), IPAddress: z.string(), GlobalIPv6Address: z.string() }),
      )
      .nullish(),
  }),
});

/** What is read of a container, as the engine names it. */
export type InspectedContainer = z.infer<typeof inspectSchema>;

const summarySchema = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Labels: labelsSchema,
    State: z.string(),
    Ports: z
      .array(z.object({ IP: z.string().optional(), PublicPort: z.number().optional(), Type: z.string() }))
      .nullish(),
  }),
);

export interface ContainerSummary {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: string;
  /** Ports published on the host; `address` is `0.0.0.0` or `::` for all. */
  published: { address: string; port: number; protocol: string }[];
}

/** A label that must be there: with its value, or with any when the value is empty. */
export type LabelFilter = Record<string, string>;

/** The engine's form of a label filter. */
export function labelFilter(labels: LabelFilter): string[] {
  return Object.entries(labels).map(([key, value]) => (value === "" ? key : `${key}=${value}`));
}

/** Containers with all of the labels, stopped ones included; all of the engine's when none is given. */
export async function listContainers(
  connection: EngineConnection,
  labels: LabelFilter = {},
): Promise<ContainerSummary[]> {
  const { body } = await connection.json({
    method: "GET",
    path: "/containers/json",
    query: { all: true, filters: { label: labelFilter(labels) } },
  });
  return summarySchema.parse(body).map((container) => ({
    id: container.Id,
    name: (container.Names[0] ?? container.Id).replace(/^\//, ""),
    labels: container.Labels,
    state: container.State,
    published: (container.Ports ?? []).flatMap((port) =>
      port.PublicPort === undefined
        ? []
        : [{ address: port.IP ?? "0.0.0.0", port: port.PublicPort, protocol: port.Type }],
    ),
  }));
}

/** Running containers that publish a TCP port on the host, whoever made them. */
export async function publishersOf(connection: EngineConnection, port: number): Promise<ContainerSummary[]> {
  const containers = await listContainers(connection);
  return containers.filter((container) =>
    container.published.some((one) => one.port === port && one.protocol === "tcp"),
  );
}

/** Null when there is none of that id or name. */
export async function inspectContainer(
  connection: EngineConnection,
  id: string,
): Promise<InspectedContainer | null> {
  const { status, body } = await connection.json({
    method: "GET",
    path: `/containers/${encodeURIComponent(id)}/json`,
    allow: [404],
  });
  return status === 404 ? null : inspectSchema.parse(body);
}

/**
 * Makes a container; gives its id. `body` is the API's own: Config with HostConfig and NetworkingConfig.
 * @throws ENGINE_ERROR when the name is taken or the image missing.
 */
export async function createContainer(
  connection: EngineConnection,
  name: string,
  body: object,
): Promise<string> {
  const answer = await connection.json({ method: "POST", path: "/containers/create", query: { name }, body });
  return z.object({ Id: z.string() }).parse(answer.body).Id;
}

/** No effect on one that runs. */
export async function startContainer(connection: EngineConnection, id: string): Promise<void> {
  await connection.json({ method: "POST", path: `/containers/${encodeURIComponent(id)}/start` });
}

/**
 * Stops with the container's own signal and grace period: without `t` the engine takes StopTimeout. No effect on
 * one that is stopped or gone.
 */
export async function stopContainer(connection: EngineConnection, id: string): Promise<void> {
  await connection.json({ method: "POST", path: `/containers/${encodeURIComponent(id)}/stop`, allow: [404] });
}

/** Kills it when it runs and removes it with its anonymous volumes. No effect on one that is gone. */
export async function removeContainer(connection: EngineConnection, id: string): Promise<void> {
  const { status } = await connection.json({
    method: "DELETE",
    path: `/containers/${encodeURIComponent(id)}`,
    query: { force: true, v: true },
    allow: [404, 409],
  });
  // 409: "removal … is already in progress" by someone else; it is gone when the wait ends.
  if (status === 409) await waitRemoved(connection, id);
}

async function waitRemoved(connection: EngineConnection, id: string): Promise<void> {
  await connection.json({
    method: "POST",
    path: `/containers/${encodeURIComponent(id)}/wait`,
    query: { condition: "removed" },
    allow: [404],
  });
}

/** Waits until it does not run; gives the exit code. One that was never started counts as ended with 0. */
export async function waitContainer(
  connection: EngineConnection,
  id: string,
  signal?: AbortSignal,
): Promise<number> {
  const { body } = await connection.json({
    method: "POST",
    path: `/containers/${encodeURIComponent(id)}/wait`,
    query: { condition: "not-running" },
    ...(signal ? { signal } : {}),
  });
  return z.object({ StatusCode: z.number() }).parse(body).StatusCode;
}

/** Unpacks a tar archive at an absolute path inside the container, which need not run. */
export async function putArchive(
  connection: EngineConnection,
  id: string,
  path: string,
  archive: Readable,
): Promise<void> {
  await connection.json({
    method: "PUT",
    path: `/containers/${encodeURIComponent(id)}/archive`,
    query: { path },
    body: archive,
  });
}

/** A tar archive of one path inside the container, which need not run. Whoever calls reads it to its end. */
export function getArchive(connection: EngineConnection, id: string, path: string): Promise<Readable> {
  return connection.stream({
    method: "GET",
    path: `/containers/${encodeURIComponent(id)}/archive`,
    query: { path },
  });
}

/** @throws ENGINE_ERROR when the name is taken. */
export async function renameContainer(connection: EngineConnection, id: string, name: string): Promise<void> {
  await connection.json({
    method: "POST",
    path: `/containers/${encodeURIComponent(id)}/rename`,
    query: { name },
  });
}

import { z } from "zod";
import type { EngineConnection } from "./connection.ts";
import { type LabelFilter, labelFilter } from "./containers.ts";

const volumeSchema = z.object({
  Name: z.string(),
  Mountpoint: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
});

export interface Volume {
  name: string;
  /** Directory on the engine's machine. */
  mountpoint: string;
  labels: Record<string, string>;
}

function volume(parsed: z.infer<typeof volumeSchema>): Volume {
  return { name: parsed.Name, mountpoint: parsed.Mountpoint, labels: parsed.Labels ?? {} };
}

export async function listVolumes(connection: EngineConnection, labels: LabelFilter = {}): Promise<Volume[]> {
  const { body } = await connection.json({
    method: "GET",
    path: "/volumes",
    query: { filters: { label: labelFilter(labels) } },
  });
  const parsed = z.object({ Volumes: z.array(volumeSchema).nullish() }).parse(body);
  return (parsed.Volumes ?? []).map(volume);
}

/** Null when there is none of that name. */
export async function inspectVolume(connection: EngineConnection, name: string): Promise<Volume | null> {
  const { status, body } = await connection.json({
    method: "GET",
    path: `/volumes/${encodeURIComponent(name)}`,
    allow: [404],
  });
  return status === 404 ? null : volume(volumeSchema.parse(body));
}

/** Makes the volume when it is missing. One that exists keeps its labels. */
export async function ensureVolume(
  connection: EngineConnection,
  name: string,
  labels: Record<string, string>,
): Promise<Volume> {
  const { body } = await connection.json({
    method: "POST",
    path: "/volumes/create",
    body: { Name: name, Driver: "local", Labels: labels },
  });
  return volume(volumeSchema.parse(body));
}

/** False when it was gone already. @throws ENGINE_ERROR while a container uses it. */
export async function removeVolume(connection: EngineConnection, name: string): Promise<boolean> {
  const { status } = await connection.json({
    method: "DELETE",
    path: `/volumes/${encodeURIComponent(name)}`,
    allow: [404],
  });
  return status !== 404;
}

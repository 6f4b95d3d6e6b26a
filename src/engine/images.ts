import type { Readable } from "node:stream";
import { z } from "zod";
import { CutoverError } from "../model/error.ts";
import type { EngineConnection } from "./connection.ts";
import { type LabelFilter, labelFilter } from "./containers.ts";
import { answerFailure } from "./failure.ts";
import { streamJson } from "./lines.ts";

const labelsSchema = z.record(z.string(), z.string()).nullish();

const imageSchema = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Config: z.object({ Labels: labelsSchema }).nullish(),
});

export interface Image {
  id: string;
  tags: string[];
  labels: Record<string, string>;
}

/** An image's path segment: the name's slashes stay, as the engine's routes expect them. */
function imagePath(ref: string): string {
  return `/images/${ref.split("/").map(encodeURIComponent).join("/")}`;
}

/** Null when the engine has no such image. */
export async function inspectImage(connection: EngineConnection, ref: string): Promise<Image | null> {
  const { status, body } = await connection.json({
    method: "GET",
    path: `${imagePath(ref)}/json`,
    allow: [404],
  });
  if (status === 404) return null;
  const parsed = imageSchema.parse(body);
  return { id: parsed.Id, tags: parsed.RepoTags ?? [], labels: parsed.Config?.Labels ?? {} };
}

/** Images with all of the labels. */
export async function listImages(connection: EngineConnection, labels: LabelFilter): Promise<Image[]> {
  const { body } = await connection.json({
    method: "GET",
    path: "/images/json",
    query: { filters: { label: labelFilter(labels) } },
  });
  const schema = z.array(
    z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish(), Labels: labelsSchema }),
  );
  return schema
    .parse(body)
    .map((image) => ({ id: image.Id, tags: image.RepoTags ?? [], labels: image.Labels ?? {} }));
}

/** Gives an image one more name, `repository:tag`; a name that another image had moves. @throws IMAGE_MISSING. */
export async function tagImage(
  connection: EngineConnection,
  ref: string,
  repository: string,
  tag: string,
): Promise<void> {
  const { status } = await connection.json({
    method: "POST",
    path: `${imagePath(ref)}/tag`,
    query: { repo: repository, tag },
    allow: [404],
  });
  if (status === 404) throw new CutoverError("IMAGE_MISSING", `The engine has no image ${ref}.`);
}

/** Removes the name, and the image with its last name. False when a container uses it or it is gone. */
export async function removeImage(connection: EngineConnection, ref: string): Promise<boolean> {
  const { status } = await connection.json({ method: "DELETE", path: imagePath(ref), allow: [404, 409] });
  return status < 400;
}

/**
 * Makes an image of one layer from a tar archive, which may be compressed. `changes` are Dockerfile instructions.
 * @throws DISK_FULL, ENGINE_ERROR.
 */
export async function importImage(
  connection: EngineConnection,
  archive: Readable,
  repository: string,
  tag: string,
  options: { changes: string[]; platform?: string },
): Promise<void> {
  const parameters = new URLSearchParams({ fromSrc: "-", repo: repository, tag });
  for (const change of options.changes) parameters.append("changes", change);
  if (options.platform) parameters.set("platform", options.platform);
  const request = "POST /images/create";
  const path = `/images/create?${parameters}`;
  await finish(request, await connection.stream({ method: "POST", path, body: archive }), () => {});
}

/** Fetches an image from its registry, without credentials. @throws PULL_FAILED, DISK_FULL. */
export async function pullImage(
  connection: EngineConnection,
  repository: string,
  tag: string,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  try {
    const answer = await connection.stream({
      method: "POST",
      path: "/images/create",
      query: { fromImage: repository, tag },
    });
    await finish("POST /images/create", answer, onLine);
  } catch (cause) {
    if (!(cause instanceof CutoverError) || cause.code !== "ENGINE_ERROR") throw cause;
    throw new CutoverError("PULL_FAILED", `The image ${repository}:${tag} could not be pulled.`, { cause });
  }
}

/** Makes an image of a container's file system. `config` is laid over the container's own. */
export async function commitContainer(
  connection: EngineConnection,
  container: string,
  repository: string,
  tag: string,
  config: object,
): Promise<void> {
  await connection.json({
    method: "POST",
    path: "/commit",
    query: { container, repo: repository, tag },
    body: config,
  });
}

const progressSchema = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
});

/** Reads a stream of progress to its end: the engine says 200 first and tells of a failure in the stream. */
async function finish(
  request: string,
  answer: AsyncIterable<Buffer>,
  onLine: (line: string) => void,
): Promise<void> {
  for await (const value of streamJson(answer)) {
    const progress = progressSchema.safeParse(value);
    if (!progress.success) continue;
    const { status, id, error } = progress.data;
    if (error !== undefined) throw answerFailure(request, 200, error);
    if (status) onLine(id ? `${id}: ${status}` : status);
  }
}

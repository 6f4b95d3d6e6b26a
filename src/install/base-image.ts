import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { EngineConnection } from "../engine/connection.ts";
import { createContainer, getArchive, putArchive, removeContainer } from "../engine/containers.ts";
import { commitContainer, inspectImage, pullImage } from "../engine/images.ts";
import { CutoverError } from "../model/error.ts";
import type { Bundles } from "./bundles.ts";
import { installationLabels, nodePath } from "./names.ts";
import { type ArchiveEntry, rootArchive, skeleton } from "./root-archive.ts";

/** The official Node image, in the engine. */
export interface OfficialBase {
  id: string;
  identity: string;
}

const repository = "node";
const tag = "24-slim";
const baseNode = "/usr/local/bin/node";

/** Pulls the official image when the engine has none. @throws PULL_FAILED. */
export async function officialBase(
  connection: EngineConnection,
  onProgress: (message: string) => void = () => {},
): Promise<OfficialBase> {
  const ref = `${repository}:${tag}`;
  if (!(await inspectImage(connection, ref))) {
    onProgress(`pulling ${ref}`);
    await pullImage(connection, repository, tag);
  }
  const image = await inspectImage(connection, ref);
  if (!image) throw new CutoverError("DAEMON_IMAGE", `The engine pulled ${ref}, but does not have it.`);
  return { id: image.id, identity: `base ${image.id}` };
}

/**
 * One layer over the official image, made by filling a container and committing it. A builder could not give Node
 * the file capability, as the image has no `setcap`; an archive can.
 */
export async function buildOnBase(
  options: { connection: EngineConnection; instance: string },
  ref: { repository: string; tag: string },
  bundles: Bundles,
  base: OfficialBase,
): Promise<void> {
  const { connection, instance } = options;
  const labels = installationLabels(instance, "daemon");
  const made: string[] = [];
  const make = async (purpose: string) => {
    const id = await createContainer(connection, `${instance}-${purpose}-${process.pid}-${Date.now()}`, {
      Image: base.id,
      Cmd: [baseNode],
      Labels: labels,
      NetworkDisabled: true,
    });
    made.push(id);
    return id;
  };
  try {
    const target = await make("build");
    await putArchive(connection, target, "/", rootArchive([...skeleton(), ...bundles.entries]));
    await copyNode(connection, await make("base"), target);
    const config = { Labels: labels, WorkingDir: "/", Env: ["PATH=/usr/local/bin:/usr/bin:/bin"] };
    await commitContainer(connection, target, ref.repository, ref.tag, config);
  } finally {
    await Promise.all(made.map((id) => removeContainer(connection, id)));
  }
}

/**
 * Copies the base's Node to where the daemons have theirs, with the capability. From one container to another: the
 * engine locks a container while an archive of it is read. The directory of the path may be a link, as `/bin` is.
 */
async function copyNode(connection: EngineConnection, from: string, to: string): Promise<void> {
  const archive = await getArchive(connection, from, baseNode);
  for await (const entry of archive.pipe(extract())) {
    if (entry.header.type !== "file") break;
    const [directory, name] = splitPath(nodePath);
    const node: ArchiveEntry = {
      path: `/${name}`,
      mode: 0o755,
      content: { source: () => Readable.from(entry), size: entry.header.size ?? 0 },
      capability: "bind-low-ports",
    };
    await putArchive(connection, to, directory, rootArchive([node]));
    return;
  }
  throw new CutoverError("DAEMON_IMAGE", `The image ${repository}:${tag} has no Node at ${baseNode}.`);
}

function splitPath(path: string): [directory: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at) || "/", path.slice(at + 1)];
}

import { createHash } from "node:crypto";
import { createGzip } from "node:zlib";
import type { EngineConnection } from "../engine/connection.ts";
import type { EngineHost } from "../engine/host.ts";
import { importImage, inspectImage, listImages, removeImage } from "../engine/images.ts";
import { CutoverError } from "../model/error.ts";
import { buildOnBase, type OfficialBase, officialBase } from "./base-image.ts";
import { type Bundles, readBundles } from "./bundles.ts";
import { checkImage } from "./image-check.ts";
import { kernelPrograms, kernelProgramsElsewhere } from "./kernel-tools.ts";
import { localRuntime } from "./local-runtime.ts";
import { type Component, imageRepository, installationLabels } from "./names.ts";
import { type ArchiveEntry, accountEntries, rootArchive, skeleton } from "./root-archive.ts";

export interface DaemonImage {
  ref: string;
  /** False: it was there already. */
  made: boolean;
  /** Per daemon, a SHA-256 over what of the image it uses: when only the other's bundle changes it stays the same. */
  identity: Record<Component, string>;
}

export interface DaemonImageOptions {
  connection: EngineConnection;
  host: EngineHost;
  instance: string;
  version: string;
  /** Directory of `control.mjs` and `gateway.mjs`. */
  dist?: string | undefined;
  /** `official` builds on the Node image even where this machine's own runtime would do. */
  base?: "local" | "official" | undefined;
  /** Whether the gateway is to change the kernel's rules: the programs for it are in the image then. */
  kernel?: boolean | undefined;
  onProgress?: (message: string) => void;
}

/** Changes when what stands in an image beside runtime and bundles does, so that images are made again. */
const layout = "1";

/**
 * Makes the image of both daemons when the engine has none for these bundles and this runtime.
 * @throws DAEMON_IMAGE, DISK_FULL, PULL_FAILED.
 */
export async function ensureDaemonImage(options: DaemonImageOptions): Promise<DaemonImage> {
  const bundles = await readBundles(options.dist);
  const runtime = options.base === "official" ? null : await localRuntime(options.host);
  const kernel = options.kernel && runtime ? await kernelPrograms() : null;
  if (runtime) {
    try {
      return await ensure(options, bundles, { runtime: runtime.identity, kernel: kernel?.identity }, (ref) =>
        importLocal(options, ref, bundles, [...runtime.entries, ...(kernel?.entries ?? [])]),
      );
    } catch (error) {
      if (kernel || !(error instanceof CutoverError) || error.code !== "DAEMON_IMAGE") throw error;
      options.onProgress?.(`${error.message} Building on the official Node image instead.`);
    }
  }
  if (options.kernel) throw kernelProgramsElsewhere();
  const base: OfficialBase = await officialBase(options.connection, options.onProgress);
  return ensure(options, bundles, { runtime: base.identity }, (ref) =>
    buildOnBase(options, ref, bundles, base),
  );
}

/** Removes the instance's daemon images but the given one and those that a container uses. */
export async function removeOldImages(
  connection: EngineConnection,
  instance: string,
  current: string | null,
): Promise<string[]> {
  const images = await listImages(connection, installationLabels(instance, "daemon"));
  const names = images.flatMap(({ id, tags }) => (tags.length > 0 ? tags : [id]));
  const old = names.filter((name) => name !== current);
  const removed = await Promise.all(old.map((name) => removeImage(connection, name)));
  return old.filter((_, index) => removed[index]);
}

async function ensure(
  options: DaemonImageOptions,
  bundles: Bundles,
  parts: { runtime: string; kernel?: string | undefined },
  make: (ref: { repository: string; tag: string }) => Promise<void>,
): Promise<DaemonImage> {
  const { connection, instance, version } = options;
  const { runtime, kernel } = parts;
  const identity = {
    control: sha256(layout, runtime, bundles.hashes.control),
    gateway: sha256(layout, runtime, bundles.hashes.gateway, ...(kernel === undefined ? [] : [kernel])),
  };
  const hash = sha256(identity.control, identity.gateway).slice(0, 12);
  const tag = `${version.replaceAll(/[^\w.-]/g, "-")}-${hash}`;
  const repository = imageRepository(instance);
  const ref = `${repository}:${tag}`;
  if (await inspectImage(connection, ref)) return { ref, made: false, identity };
  options.onProgress?.("making the image of control and gateway");
  await make({ repository, tag });
  try {
    await checkImage(connection, instance, ref, kernel !== undefined);
  } catch (error) {
    await removeImage(connection, ref);
    throw error;
  }
  return { ref, made: true, identity };
}

/** FROM nothing: no shell, no package manager, no set-user-id file. */
async function importLocal(
  options: DaemonImageOptions,
  ref: { repository: string; tag: string },
  bundles: Bundles,
  programs: ArchiveEntry[],
): Promise<void> {
  const labels = Object.entries(installationLabels(options.instance, "daemon"));
  const archive = rootArchive([...skeleton(), ...accountEntries(), ...once(programs), ...bundles.entries]);
  const remote = options.connection.endpoint.kind !== "socket";
  await importImage(
    options.connection,
    remote ? archive.pipe(createGzip({ level: 1 })) : archive,
    ref.repository,
    ref.tag,
    {
      changes: ["ENV PATH=/bin", "WORKDIR /", ...labels.map(([key, value]) => `LABEL ${key}=${value}`)],
    },
  );
}

/** Node's libraries and those of other programs are partly the same. */
function once(entries: ArchiveEntry[]): ArchiveEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

function sha256(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex");
}

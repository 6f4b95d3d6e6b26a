import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { CutoverError } from "../model/error.ts";

/** What resolving the engine's address reads from disk. `null` and `[]` where there is nothing to read. */
export interface FileReader {
  read(path: string): string | null;
  list(directory: string): string[];
}

export interface TlsFiles {
  ca: string | null;
  cert: string | null;
  key: string | null;
  /** False: the server's certificate is not checked, as `docker --tls` without verification. */
  verify: boolean;
}

export interface StoredContext {
  host: string;
  tls: TlsFiles | null;
}

const metaSchema = z.object({
  Name: z.string(),
  Endpoints: z
    .object({
      docker: z
        .object({ Host: z.string().default(""), SkipTLSVerify: z.boolean().default(false) })
        .optional(),
    })
    .default({}),
});

/**
 * A context of the docker CLI's store. The store's form is the CLI's (docker/cli, cli/context/store): the directory's
 * name is the SHA-256 of the context's name; TLS material stands beside, in `tls/<same>/docker`.
 * @throws USAGE when there is no such context; the message names those there are.
 */
export function readContext(configDirectory: string, name: string, files: FileReader): StoredContext {
  const id = createHash("sha256").update(name).digest("hex");
  const text = files.read(join(configDirectory, "contexts", "meta", id, "meta.json"));
  const meta = text === null ? null : parseMeta(text);
  const docker = meta?.Endpoints.docker;
  if (!docker || docker.Host === "") {
    const names = ["default", ...contextNames(configDirectory, files)];
    throw new CutoverError(
      "USAGE",
      meta
        ? `The Docker context "${name}" has no engine's address.`
        : `There is no Docker context "${name}". Known contexts: ${names.join(", ")}.`,
      { hint: "Choose one with DOCKER_CONTEXT or `docker context use`; `docker context ls` lists them." },
    );
  }
  const directory = join(configDirectory, "contexts", "tls", id, "docker");
  const tls = {
    ca: files.read(join(directory, "ca.pem")),
    cert: files.read(join(directory, "cert.pem")),
    key: files.read(join(directory, "key.pem")),
    verify: !docker.SkipTLSVerify,
  };
  const hasTls = tls.ca !== null || tls.cert !== null || docker.SkipTLSVerify;
  return { host: docker.Host, tls: hasTls ? tls : null };
}

function contextNames(configDirectory: string, files: FileReader): string[] {
  const directory = join(configDirectory, "contexts", "meta");
  return files
    .list(directory)
    .flatMap((id) => {
      const text = files.read(join(directory, id, "meta.json"));
      const meta = text === null ? null : parseMeta(text);
      return meta ? [meta.Name] : [];
    })
    .sort();
}

function parseMeta(text: string): z.infer<typeof metaSchema> | null {
  try {
    return metaSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

import type { AppService } from "../../compose/app-definition.ts";
import type { ComposeResult } from "../../engine/compose-command.ts";
import type { EngineConnection } from "../../engine/connection.ts";
import { knownFailure } from "../../engine/failure.ts";
import { inspectImage } from "../../engine/images.ts";
import { CutoverError } from "../../model/error.ts";
import type { ErrorCode } from "../../model/error-catalogue.ts";
import { isRoutineBuildLine } from "../build-output.ts";
import type { Project } from "../project.ts";

export interface ImageOptions {
  build: boolean;
  pull: "always" | "missing" | "never";
}

interface ImageWork {
  project: Project;
  connection: EngineConnection;
  /** Lines of the build or pull as they come. */
  onLine: (source: "build" | "pull", line: string) => void;
  signal: AbortSignal;
}

/** Lines of a failed build or pull that go into the error. */
const shownLines = 25;

/**
 * Builds and pulls what the services need and gives the image id of each.
 * @throws BUILD_FAILED, PULL_FAILED, IMAGE_MISSING, DISK_FULL; the signal's reason
 */
export async function prepareImages(
  services: readonly AppService[],
  options: ImageOptions,
  work: ImageWork,
): Promise<Map<string, string>> {
  const built = options.build
    ? services.filter((service) => service.build && service.pullPolicy !== "never")
    : [];
  const pulled = await toPull(
    services.filter((service) => !service.build),
    options,
    work.connection,
  );
  if (built.length > 0) await build(built, options, work);
  if (pulled.length > 0) await pull(pulled, work);
  return imageIds(services, options, work.connection);
}

/** Services without a build whose image compose would pull: by `--pull`, else by the file's own `pull_policy`. */
async function toPull(
  services: readonly AppService[],
  options: ImageOptions,
  connection: EngineConnection,
): Promise<AppService[]> {
  if (options.pull === "never") return [];
  const wanted = await Promise.all(
    services.map(async (service) => {
      if (service.pullPolicy === "never") return false;
      if (options.pull === "always" || service.pullPolicy === "always") return true;
      return (await inspectImage(connection, service.imageName)) === null;
    }),
  );
  return services.filter((_, index) => wanted[index]);
}

async function build(services: readonly AppService[], options: ImageOptions, work: ImageWork): Promise<void> {
  const pullFlag = options.pull === "always" ? ["--pull"] : [];
  await run(
    "build",
    ["build", ...pullFlag, ...services.map((service) => service.name)],
    "BUILD_FAILED",
    work,
  );
}

async function pull(services: readonly AppService[], work: ImageWork): Promise<void> {
  await run(
    "pull",
    ["pull", "--ignore-buildable", ...services.map((service) => service.name)],
    "PULL_FAILED",
    work,
  );
}

async function run(
  source: "build" | "pull",
  args: string[],
  code: ErrorCode,
  work: ImageWork,
): Promise<void> {
  const lines: string[] = [];
  const result = await work.project.compose(args, {
    signal: work.signal,
    onLine: (line) => {
      if (line.trim() === "") return;
      if (!isRoutineBuildLine(line)) lines.push(line.trimEnd());
      if (lines.length > shownLines) lines.shift();
      work.onLine(source, line.trimEnd());
    },
  });
  if (result.exitCode !== 0) throw imageFailure(source, code, result, lines);
}

function imageFailure(source: string, code: ErrorCode, result: ComposeResult, lines: string[]): CutoverError {
  // A step of a build that finds the disk full says so in its own output, which BuildKit shows on standard output.
  const known = knownFailure([result.stderr, ...lines].join("\n"));
  const what = source === "build" ? "The build failed" : "The pull failed";
  return new CutoverError(
    known ?? code,
    `${what}: docker compose ${source} ended with exit code ${result.exitCode}.`,
    {
      details: lines,
    },
  );
}

async function imageIds(
  services: readonly AppService[],
  options: ImageOptions,
  connection: EngineConnection,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const service of services) {
    const image = await inspectImage(connection, service.imageName);
    if (!image) throw imageMissing(service, options);
    ids.set(service.name, image.id);
  }
  return ids;
}

function imageMissing(service: AppService, options: ImageOptions): CutoverError {
  const message = `The image ${service.imageName} of service "${service.name}" is not in the engine.`;
  const hint = service.build
    ? `Leave out --no-build, or build it with \`docker compose build ${service.name}\`.`
    : options.pull === "never"
      ? "Leave out --pull never, or pull the image first."
      : "Its `pull_policy` keeps it from being pulled; load it into the engine first.";
  return new CutoverError("IMAGE_MISSING", message, { hint });
}

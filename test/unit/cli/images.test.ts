import { describe, expect, test } from "vitest";
import { prepareImages } from "../../../src/cli/deployment/images.ts";
import type { Project } from "../../../src/cli/project.ts";
import type { AppService } from "../../../src/compose/app-definition.ts";
import { serveEngine } from "./engine-server.ts";

function service(name: string, extra: Partial<AppService> = {}): AppService {
  return {
    name,
    role: "web",
    reason: "it says so",
    replicas: 1,
    port: 80,
    routes: [],
    check: null,
    hasHealthcheck: false,
    network: null,
    build: false,
    imageName: `registry/${name}:1`,
    pullPolicy: null,
    ...extra,
  };
}

/** Services with an engine that has some images, and a compose that notes how it is run and makes what it is asked for. */
async function prepare(
  services: AppService[],
  options: { build?: boolean; pull?: "always" | "missing" | "never" },
  has: string[],
  compose: { exitCode: number; lines: string[] } = { exitCode: 0, lines: [] },
) {
  const images = new Set(has);
  await using engine = await serveEngine(
    Object.fromEntries(
      services.map(({ imageName }) => [
        `/images/${imageName.replace(":", "%3A")}/json`,
        () => (images.has(imageName) ? { Id: `sha256:${imageName}`, RepoTags: [imageName] } : null),
      ]),
    ),
  );
  const runs: string[][] = [];
  const project = {
    compose: async (
      args: string[],
      { onLine }: { onLine?: (line: string, stream: "stderr") => void } = {},
    ) => {
      runs.push(args);
      for (const line of compose.lines) onLine?.(line, "stderr");
      if (compose.exitCode === 0)
        for (const s of services) if (args.includes(s.name)) images.add(s.imageName);
      return { exitCode: compose.exitCode, stdout: "", stderr: compose.lines.join("\n") };
    },
  } as unknown as Project;
  const signal = new AbortController().signal;
  const work = { project, connection: engine.connection, onLine: () => {}, signal };
  const all = { build: true, pull: "missing" as const, ...options };
  return await prepareImages(services, all, work).then(
    (ids) => ({ runs, ids: Object.fromEntries(ids), error: null }),
    (error: unknown) => ({ runs, ids: {}, error }),
  );
}

describe("images of a release", () => {
  test("services with a build section are built, missing images pulled, each once", async () => {
    const services = [service("web", { build: true }), service("api"), service("cache")];
    const { runs, ids } = await prepare(services, {}, ["registry/cache:1"]);
    expect(runs).toEqual([
      ["build", "web"],
      ["pull", "--ignore-buildable", "api"],
    ]);
    expect(ids).toEqual({
      web: "sha256:registry/web:1",
      api: "sha256:registry/api:1",
      cache: "sha256:registry/cache:1",
    });
  });

  test("--pull always pulls what is there too, and bases of builds", async () => {
    const services = [service("web", { build: true }), service("api")];
    const { runs } = await prepare(services, { pull: "always" }, ["registry/api:1"]);
    expect(runs).toEqual([
      ["build", "--pull", "web"],
      ["pull", "--ignore-buildable", "api"],
    ]);
  });

  test("the file's pull_policy is kept", async () => {
    const services = [service("web", { pullPolicy: "always" }), service("api", { pullPolicy: "never" })];
    const { runs } = await prepare(services, {}, ["registry/web:1", "registry/api:1"]);
    expect(runs).toEqual([["pull", "--ignore-buildable", "web"]]);
  });

  test("--no-build takes what the engine has", async () => {
    const { runs, ids } = await prepare([service("web", { build: true })], { build: false }, [
      "registry/web:1",
    ]);
    expect(runs).toEqual([]);
    expect(ids).toEqual({ web: "sha256:registry/web:1" });
  });

  test.each([
    [service("web", { build: true }), { build: false }, /--no-build/],
    [service("web"), { pull: "never" as const }, /--pull never/],
    [service("web", { pullPolicy: "never" }), {}, /pull_policy/],
  ])("an image that is nowhere says what to do (%#)", async (missing, options, hint) => {
    const { error } = await prepare([missing], options, []);
    expect(error).toMatchObject({ code: "IMAGE_MISSING", hint: expect.stringMatching(hint) });
  });

  test("a build that fails shows its last lines, without those that went well", async () => {
    const lines = [
      "#1 [web internal] load .dockerignore",
      "#1 DONE 0.0s",
      "#2 [web 2/2] RUN npm ci",
      "#2 ERROR: exit code: 1",
    ];
    const { error } = await prepare([service("web", { build: true })], {}, [], { exitCode: 17, lines });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: lines.slice(2) });
  });

  test("a full disk is named as such", async () => {
    const lines = ["write /layer: no space left on device"];
    const { error } = await prepare([service("web")], {}, [], { exitCode: 1, lines });
    expect(error).toMatchObject({ code: "DISK_FULL" });
  });
});

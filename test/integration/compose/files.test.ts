import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readApp } from "../../../src/compose/app.ts";
import { baseProjectFile, placeholderService } from "../../../src/compose/base-project.ts";
import { colourProjectFile } from "../../../src/compose/colour-project.ts";
import type { ComposeModel, ComposeService } from "../../../src/compose/compose-model.ts";
import { readModel, resolveModel } from "../../../src/compose/resolve.ts";
import { colours, colourService } from "../../../src/model/app.ts";
import { composeIn, env, fixtures } from "./run-compose.ts";

const run = composeIn(fixtures);
const files = readdirSync(fixtures).filter((name) => name.endsWith(".yaml"));

/** Role of every service, and the codes of the warnings, told apart by file. */
const expected: Record<string, { roles: Record<string, string>; warnings?: string[]; refusals?: string[] }> =
  {
    "container-names.yaml": { roles: { web: "web", api: "worker", db: "backing" } },
    "external.yaml": { roles: { web: "web" }, warnings: ["ALIAS_NOT_KEPT"] },
    "flask-postgres.yaml": { roles: { web: "web", db: "backing" } },
    "include.yaml": { roles: { web: "web", queue: "backing" } },
    "labels.yaml": { roles: { shop: "web", api: "web" } },
    "many-options.yaml": { roles: { web: "web" } },
    "nginx-front.yaml": { roles: { nginx: "web", app: "worker", db: "backing" } },
    "profiles.yaml": { roles: { web: "web", store: "backing" } },
    "rails-sidekiq.yaml": { roles: { web: "web", worker: "worker", db: "backing", cache: "backing" } },
    "replicas.yaml": { roles: { web: "web", cron: "worker" }, warnings: ["NO_REPLICAS"] },
    "secrets-configs.yaml": { roles: { web: "web" } },
    "several-ports.yaml": {
      roles: { web: "web", dns: "backing" },
      warnings: ["PORT_KEEPS", "PORT_NOT_SERVED", "PORT_UNNAMED"],
    },
    "sidecar.yaml": {
      roles: { web: "web", worker: "worker", agent: "worker", "db-agent": "backing", db: "backing" },
    },
    "traefik.yaml": {
      roles: { proxy: "backing", blog: "backing", shop: "web", internal: "worker" },
      warnings: ["TRAEFIK_LABELS", "TRAEFIK_LABELS"],
    },
    "uploads.yaml": {
      roles: { web: "web", admin: "backing", reader: "worker" },
      warnings: ["SHARED_VOLUME", "VOLUME_KEEPS"],
    },
  };

async function resolved(file: string) {
  const options = { files: [file], envFiles: [], profiles: ["full"], env, cwd: fixtures };
  return resolveModel(options, run);
}

test("every fixture has its expectation", () => {
  expect(files.toSorted()).toEqual(Object.keys(expected).toSorted());
});

test.each(files)("%s: roles and warnings are as they should be", async (file) => {
  const app = readApp(await resolved(file));
  const roles = Object.fromEntries([
    ...app.services.map((service) => [service.name, service.role]),
    ...app.backing.map((service) => [service.name, "backing"]),
  ]);
  expect(roles).toEqual(expected[file]?.roles);
  expect(app.warnings.map((warning) => warning.code).toSorted()).toEqual(expected[file]?.warnings ?? []);
  expect(app.refusals).toEqual([]);
});

test.each(files)(
  "%s: compose accepts both colours, and all but what a colour must change comes through",
  async (file) => {
    const project = await resolved(file);
    const app = readApp(project);
    const services = app.services.map((service) => ({
      ...service,
      image: { ref: `local/${service.name}:1`, id: "sha256:1" },
    }));
    for (const colour of colours) {
      const made = colourProjectFile({
        model: project.model,
        colour,
        release: 7,
        deployment: "d-1",
        instance: "test",
        services,
        hooks: app.hooks,
      });
      const model = await accepted(made, project.projectDirectory);
      expect(Object.keys(model.services).toSorted()).toEqual(
        [
          ...services.map((service) => colourService(service.name, colour)),
          ...app.hooks.map((hook) => `${hook.phase}-${hook.index}-${colour}`),
        ].toSorted(),
      );
      for (const { name } of services) {
        const source = project.model.services[name];
        const there = model.services[colourService(name, colour)];
        expect(unchanged(there)).toEqual(unchanged(source));
        expect(there?.ports).toBeUndefined();
        expect(there?.container_name).toBeUndefined();
        expect(there?.build).toBeUndefined();
        expect(there?.restart).not.toBe("always");
      }
    }
  },
);

test.each(files)(
  "%s: compose accepts the base project, and what stays has the same hash as in the user's file",
  async (file) => {
    const project = await resolved(file);
    const app = readApp(project);
    const backing = app.backing.map((service) => service.name);
    const made = baseProjectFile({
      model: project.model,
      backing,
      replaced: app.services.map((service) => service.name),
    });
    const model = await accepted(made, project.projectDirectory);
    expect(Object.keys(model.services).toSorted()).toEqual([...backing, placeholderService].toSorted());
    const flags = ["-f", "-", "--project-directory", project.projectDirectory];
    const ours = await run([...flags, "config", "--hash", "*"], { input: JSON.stringify(made) });
    const theirs = await run(["-f", file, "--profile", "full", "config", "--hash", "*"]);
    for (const name of backing) {
      if (project.model.services[name]?.profiles !== undefined) continue;
      expect(hashOf(ours.stdout, name)).toBe(hashOf(theirs.stdout, name));
    }
  },
);

function hashOf(output: string, service: string): string | undefined {
  const line = output.split("\n").find((one) => one.startsWith(`${service} `));
  expect(line, `hash of ${service} in ${output}`).toBeDefined();
  return line;
}

/** What compose makes of a file that Cutover wrote. */
async function accepted(made: object, directory: string): Promise<ComposeModel> {
  const result = await run(["-f", "-", "--project-directory", directory, "config"], {
    input: JSON.stringify(made),
  });
  expect(result.stderr).toBe("");
  expect(result.exitCode).toBe(0);
  return readModel(result.stdout);
}

/** A definition without what a colour says anew. */
function unchanged(service: ComposeService | undefined): object {
  const changed = [
    "build container_name depends_on deploy develop env_file hostname image ipc labels links network_mode networks pid",
    "ports profiles pull_policy restart scale volumes_from x-cutover",
  ].flatMap((line) => line.split(" "));
  return Object.fromEntries(Object.entries(service ?? {}).filter(([key]) => !changed.includes(key)));
}

test("a file is found upwards, with its override, and compose's own files are used for positions", async () => {
  const cwd = join(fixtures, "found", "below");
  const project = await resolveModel({ files: [], envFiles: [], profiles: [], env, cwd }, composeIn(cwd));
  expect(project.name).toBe("found-override");
  expect(project.sources.map((source) => source.path)).toEqual([
    join(fixtures, "found", "compose.yaml"),
    join(fixtures, "found", "compose.override.yaml"),
  ]);
  expect(project.projectDirectory).toBe(join(fixtures, "found"));
});

test("COMPOSE_FILE in the environment and in .env names the files", async () => {
  const environment = { ...env, COMPOSE_FILE: `labels.yaml:include.yaml` };
  const options = { files: [], envFiles: [], profiles: [], cwd: fixtures };
  const runHere = composeIn(fixtures, { COMPOSE_FILE: environment.COMPOSE_FILE });
  const named = await resolveModel({ ...options, env: environment }, runHere);
  expect(named.sources.map((source) => source.path)).toContain("labels.yaml");
  expect(Object.keys(named.model.services)).toContain("queue");
  const cwd = join(fixtures, "dotenv");
  const fromDotEnv = await resolveModel({ ...options, env, cwd }, composeIn(cwd));
  expect(fromDotEnv.sources.map((source) => source.path)).toEqual(["elsewhere.yaml"]);
});

test("a file on standard input", async () => {
  const stdin = "name: piped\nservices:\n  web:\n    image: x\n    portz: []\n";
  const options = { files: ["-"], envFiles: [], profiles: [], env, cwd: fixtures, stdin };
  await expect(resolveModel(options, run)).rejects.toMatchObject({
    code: "COMPOSE_FILE_INVALID",
    where: { file: "<stdin>", line: 5, column: 5 },
  });
});

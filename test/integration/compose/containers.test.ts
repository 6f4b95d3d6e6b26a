import { randomBytes } from "node:crypto";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readApp } from "../../../src/compose/app.ts";
import { baseNeeds, baseProjectFile } from "../../../src/compose/base-project.ts";
import { colourProjectFile, colourServices } from "../../../src/compose/colour-project.ts";
import { type ResolvedProject, resolveModel } from "../../../src/compose/resolve.ts";
import { type Colour, colourProject, colours } from "../../../src/model/app.ts";
import { label } from "../../../src/model/labels.ts";
import { composeIn, env, fixtures } from "./run-compose.ts";

const name = `cutover-test-compose-${randomBytes(4).toString("hex")}`;
const image = "node:24-slim";
const run = composeIn(fixtures);

/** Every service says its own name to whoever connects; `web` writes a volume and uses a name of its own. */
const file = `
name: ${name}
x-cutover:
  hooks: { pre-deploy: [{ service: api, command: 'echo "$$GREETING $$0"' }] }
x-service: &service
  image: ${image}
  entrypoint: []
  restart: always
  init: true
  stop_grace_period: 1s
  environment: { GREETING: "a $$b" }
services:
  web:
    <<: *service
    container_name: ${name}-web
    hostname: shop
    command: [node, -e, "require('net').createServer(s=>s.end('web $$GREETING')).listen(3000)"]
    ports: ["127.0.0.1:1:3000"]
    depends_on: { db: { condition: service_healthy }, api: { condition: service_started } }
    networks: { default: { aliases: [front] } }
    volumes: ["files:/files"]
    x-cutover: { role: web }
  api:
    <<: *service
    command: [node, -e, "require('net').createServer(s=>s.end('api '+process.env.COLOUR)).listen(3000)"]
    networks: [default, back]
  db:
    <<: *service
    command: [node, -e, "require('net').createServer(s=>s.end('db')).listen(3000)"]
    healthcheck: { test: [CMD, "true"], interval: 200ms }
    volumes: ["data:/data"]
    networks: [default, back]
networks: { back: { internal: true } }
volumes: { data: , files: }
`;

let project: ResolvedProject;

beforeAll(async () => {
  project = await resolveModel(
    { files: ["-"], envFiles: [], profiles: [], env, cwd: fixtures, stdin: file },
    run,
  );
});

afterAll(async () => {
  for (const one of [...colours.map((colour) => colourProject(name, colour)), name]) {
    await run(["-p", one, "down", "--volumes", "--timeout", "0"]);
  }
});

async function up(made: object, args: string[]): Promise<void> {
  const flags = ["-f", "-", "--project-directory", fixtures, "up", "--no-build"];
  const result = await run([...flags, ...args], { input: JSON.stringify(made) });
  expect(result.stderr).not.toMatch(/error/i);
  expect(result.exitCode, result.stderr).toBe(0);
}

async function docker(args: string[]): Promise<string> {
  return (await execa("docker", args)).stdout.trim();
}

async function containerOf(service: string, of: string): Promise<string> {
  const filters = ["project", "service"].map(
    (key, index) => `label=com.docker.compose.${key}=${[of, service][index]}`,
  );
  return docker(["ps", "-aq", ...filters.flatMap((one) => ["--filter", one])]);
}

function colourFile(colour: Colour): { made: object; start: string[]; hooks: string[] } {
  const app = readApp(project);
  const services = app.services.map((service) => ({ ...service, image: { ref: image, id: image } }));
  const model = structuredClone(project.model);
  for (const service of Object.values(model.services))
    Object.assign(service.environment ?? {}, { COLOUR: colour });
  const input = { model, colour, release: 1, deployment: "d", instance: name, services, hooks: app.hooks };
  return { made: colourProjectFile(input), ...colourServices(input) };
}

/** What answers under a name, asked from inside a container; waits until something does. */
async function asked(container: string, host: string): Promise<string> {
  const script =
    "const net=require('net');const ask=()=>{const s=net.connect(3000,process.argv[1]);let t='';" +
    "s.on('data',d=>{t+=d}).on('end',()=>{console.log(t);process.exit()}).on('error',()=>setTimeout(ask,50))};ask()";
  return docker(["exec", container, "node", "-e", script, host]);
}

async function addresses(container: string, host: string): Promise<string[]> {
  const script =
    "require('dns').lookup(process.argv[1],{all:true,family:4},(e,a)=>console.log(JSON.stringify(e?[]:a.map(x=>x.address))))";
  return JSON.parse(await docker(["exec", container, "node", "-e", script, host])) as string[];
}

test("the base project starts what stays, and makes the networks and volumes that only colours use", async () => {
  const app = readApp(project);
  const input = {
    model: project.model,
    backing: app.backing.map((service) => service.name),
    replaced: app.services.map((service) => service.name),
  };
  const needs = baseNeeds(input);
  expect(needs).toEqual({
    project: name,
    services: ["db"],
    jobs: [],
    networks: [`${name}_back`, `${name}_default`],
    volumes: [`${name}_data`, `${name}_files`],
    healthy: ["db"],
  });
  await up(baseProjectFile(input), ["--detach", "--no-recreate"]);
  await up(baseProjectFile(input), ["--detach", "--no-recreate", "--wait", ...needs.healthy]);
  for (const network of needs.networks) await docker(["network", "inspect", network]);
  for (const volume of needs.volumes) await docker(["volume", "inspect", volume]);
  const before = await containerOf("db", name);
  expect(before).not.toBe("");
  const all = await docker(["ps", "-aq", "--filter", `label=com.docker.compose.project=${name}`]);
  expect(all).toBe(before);
  await up(baseProjectFile(input), ["--detach", "--no-recreate"]);
  expect(await containerOf("db", name)).toBe(before);
});

test("both colours run beside each other, and each finds its own services and the base project's database", async () => {
  for (const colour of colours) {
    const { made, start, hooks } = colourFile(colour);
    await up(made, ["--no-start", ...hooks]);
    await up(made, ["--detach", ...start]);
  }
  const database = await containerOf("db", name);
  for (const colour of colours) {
    const web = await containerOf(`web-${colour}`, colourProject(name, colour));
    expect(await asked(web, "api")).toBe(`api ${colour}`);
    expect(await asked(web, "front")).toBe("web $GREETING");
    expect(await asked(web, "db")).toBe("db");
    expect(await addresses(web, "api")).toHaveLength(1);
    for (const own of ["web", "front", "shop"]) expect(await addresses(database, own), own).toEqual([]);
    const api = await containerOf(`api-${colour}`, colourProject(name, colour));
    expect(await asked(api, `${name}-web`)).toBe("web $GREETING");
  }
});

test("a hook's container is created with the release, and runs its command once by a start", async () => {
  const hook = await containerOf("pre-deploy-0-green", colourProject(name, "green"));
  const format = "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}";
  expect(await docker(["inspect", "--format", format, hook])).toBe("created no");
  expect(await docker(["start", "--attach", hook])).toBe("a $b sh");
  expect(await docker(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", hook])).toBe(
    "exited 0",
  );
});

test("containers, and the colour's own networks, carry the labels, and no container comes back by itself", async () => {
  const wanted = [label.instance, label.app, label.colour, label.release, label.deployment];
  for (const colour of colours) {
    const of = colourProject(name, colour);
    const ids = (await docker(["ps", "-aq", "--filter", `label=com.docker.compose.project=${of}`])).split(
      "\n",
    );
    expect(ids).toHaveLength(3);
    for (const id of ids) {
      const labels = JSON.parse(
        await docker(["inspect", "--format", "{{json .Config.Labels}}", id]),
      ) as object;
      expect(Object.keys(labels)).toEqual(expect.arrayContaining([...wanted, label.service, label.role]));
      const state = "{{.HostConfig.RestartPolicy.Name}} {{json .HostConfig.PortBindings}}";
      expect(await docker(["inspect", "--format", state, id])).toMatch(/^(no|unless-stopped) \{\}$/);
    }
    const filter = [`label=${label.app}=${name}`, `label=${label.colour}=${colour}`];
    const networks = await docker([
      "network",
      "ls",
      "--format",
      "{{.Name}}",
      ...filter.flatMap((one) => ["--filter", one]),
    ]);
    expect(networks).toBe(of);
    expect(await docker(["network", "inspect", "--format", "{{.Internal}}", of])).toBe("true");
  }
});

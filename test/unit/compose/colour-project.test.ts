import { expect, test } from "vitest";
import { baseNeeds, missingFromBase } from "../../../src/compose/base-project.ts";
import { colourProjectFile, colourServices } from "../../../src/compose/colour-project.ts";
import type { ComposeModel } from "../../../src/compose/compose-model.ts";
import { canonicalJson, modelHash } from "../../../src/compose/model-hash.ts";
import { appOf, projectOf } from "./project.ts";

function green(text: string): ComposeModel {
  const app = appOf(text);
  return colourProjectFile({
    model: projectOf(text).model,
    colour: "green",
    release: 3,
    deployment: "d-9",
    instance: "cutover",
    services: app.services.map((service) => ({ ...service, image: { ref: "r", id: "i" } })),
    hooks: app.hooks,
  }) as ComposeModel;
}

test("links, namespaces and volumes of another service follow it into the colour", () => {
  const made = green(`
services:
  a: { build: ., links: ["b:back", "b", "db"], volumes_from: ["b:ro", "container:x"], depends_on: { b: { condition: service_healthy, required: true }, db: { condition: service_started } } }
  b: { build: . }
  c: { build: ., network_mode: "service:b", pid: "service:a", ipc: shareable }
  db: { image: redis }
`);
  expect(made.services["a-green"]).toMatchObject({
    links: ["b-green:back", "b-green:b"],
    volumes_from: ["b-green:ro", "container:x"],
    depends_on: { "b-green": { condition: "service_healthy", required: true } },
  });
  expect(Object.keys(made.services["a-green"]?.depends_on ?? {})).toEqual(["b-green"]);
  expect(made.services["c-green"]).toMatchObject({
    network_mode: "service:b-green",
    pid: "service:a-green",
    ipc: "shareable",
  });
  expect(made.services["c-green"]?.networks).toBeUndefined();
});

test("a colour of one service has no network of its own; several have one for each network they share", () => {
  const one = green("services:\n  a: { build: ., networks: { default: { aliases: [x] } } }\n");
  expect(one.networks).toEqual({ default: { name: "shop_default", external: true } });
  expect(one.services["a-green"]?.networks).toEqual({ default: {} });
  const several = green(`
services:
  a: { build: ., networks: { front: null, back: { aliases: [x], priority: 5 } } }
  b: { build: ., networks: { back: null, lonely: null } }
  c: { build: ., networks: { front: null } }
`);
  expect(
    Object.entries(several.networks ?? {}).map(([key, network]) => [
      key,
      network?.name,
      network?.internal ?? false,
    ]),
  ).toEqual([
    ["front", "shop_front", false],
    ["shop-green-front", "shop-green-front", true],
    ["back", "shop_back", false],
    ["shop-green-back", "shop-green-back", true],
    ["lonely", "shop_lonely", false],
  ]);
  expect(several.services["a-green"]?.networks).toEqual({
    front: {},
    "shop-green-front": { aliases: ["a"] },
    back: { priority: 5 },
    "shop-green-back": { aliases: ["a", "x"] },
  });
});

test.each([
  ["restart: always", "unless-stopped"],
  ["restart: on-failure", "on-failure"],
  ["restart: 'no'", "no"],
  ["deploy: { restart_policy: { condition: any } }", "unless-stopped"],
  ["deploy: { restart_policy: {} }", "unless-stopped"],
  ["deploy: { restart_policy: { condition: on-failure } }", undefined],
  ["build: .", undefined],
])("a container that was stopped does not come back with the engine: %s", (definition, restart) => {
  expect(green(`services:\n  a: { image: x, ${definition} }\n`).services["a-green"]?.restart).toBe(restart);
});

test("a hook has the service's definition, but no name, no health check and no second start", () => {
  const text = `
x-cutover: { hooks: { pre-deploy: 'echo $$X', post-deploy: [{ command: [say, $$X] }] } }
services:
  a: { build: ., entrypoint: [/entry], command: [serve], environment: { K: v }, restart: always, healthcheck: { test: [CMD, x] }, hostname: h, networks: { default: { aliases: [y] } }, deploy: { replicas: 3, restart_policy: { condition: any } } }
`;
  const made = green(text);
  const shell = made.services["pre-deploy-0-green"];
  expect(shell).toMatchObject({
    image: "r",
    entrypoint: ["sh", "-c", "echo $$X"],
    command: [],
    environment: { K: "v" },
    restart: "no",
    healthcheck: { disable: true },
    networks: { default: {} },
    deploy: { replicas: 1 },
    labels: { "dev.cutover.role": "hook", "dev.cutover.hook": "pre-deploy.0", "dev.cutover.service": "a" },
  });
  expect(shell).not.toHaveProperty("hostname");
  expect(shell?.deploy).not.toHaveProperty("restart_policy");
  expect(made.services["post-deploy-0-green"]).toMatchObject({
    entrypoint: ["/entry"],
    command: ["say", "$$X"],
  });
  const model = projectOf(text).model;
  const app = appOf(text);
  const services = app.services.map((service) => ({ ...service, image: { ref: "r", id: "i" } }));
  expect(colourServices({ model, colour: "green", services, hooks: app.hooks })).toEqual({
    project: "shop-green",
    start: ["a-green"],
    hooks: ["pre-deploy-0-green", "post-deploy-0-green"],
  });
});

test("a hook of a service in another's network runs in that one's networks, since it may not run yet", () => {
  const made = green(`
x-cutover: { hooks: { pre-deploy: [{ service: b, command: x }] } }
services:
  a: { build: ., networks: { back: null } }
  b: { build: ., network_mode: "service:a", pid: "service:a" }
`);
  const hook = made.services["pre-deploy-0-green"];
  expect(hook?.networks).toEqual({ back: {} });
  expect(hook).not.toHaveProperty("network_mode");
  expect(hook).not.toHaveProperty("pid");
});

test("Traefik's labels are not passed on, the user's own are", () => {
  const made = green(
    "services:\n  a: { build: ., labels: { cutover.port: '80', traefik.enable: 'true', team: x } }\n",
  );
  expect(Object.keys(made.services["a-green"]?.labels ?? {})).toEqual(
    expect.arrayContaining(["cutover.port", "team"]),
  );
  expect(made.services["a-green"]?.labels).not.toHaveProperty(["traefik.enable"]);
});

test("what the base project lacks is told in words; a job that has ended is not missing", () => {
  const { model } = projectOf(`
services:
  web: { build: ., networks: { default: null, theirs: null }, volumes: [{ type: volume, source: files, target: /f }] }
  db: { image: redis, depends_on: { seed: { condition: service_completed_successfully } } }
  seed: { build: . }
networks: { default: { name: shop_default }, theirs: { name: theirs, external: true } }
volumes: { files: { name: shop_files } }
`);
  const needs = baseNeeds({ model, backing: ["db", "seed"], replaced: ["web"] });
  expect(needs).toMatchObject({
    services: ["db"],
    jobs: ["seed"],
    networks: ["shop_default"],
    volumes: ["shop_files"],
  });
  expect(missingFromBase(needs, { containers: [], networks: [], volumes: [] })).toEqual([
    "service db",
    "service seed",
    "network shop_default",
    "volume shop_files",
  ]);
  const container = (service: string, running: boolean) => ({ project: "shop", service, running });
  expect(
    missingFromBase(needs, {
      containers: [
        container("db", true),
        container("seed", false),
        { project: "other", service: "db", running: true },
      ],
      networks: ["shop_default"],
      volumes: ["shop_files"],
    }),
  ).toEqual([]);
  expect(
    missingFromBase(needs, {
      containers: [container("db", false), container("seed", false)],
      networks: ["shop_default"],
      volumes: ["shop_files"],
    }),
  ).toEqual(["service db"]);
});

test("canonical JSON has its keys in order and leaves out what is undefined", () => {
  expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: "x" })).toBe('{"a":"x","b":[1,{"c":null}]}');
  expect(modelHash({ a: 1, b: 2 })).toBe(modelHash({ b: 2, a: 1 }));
});

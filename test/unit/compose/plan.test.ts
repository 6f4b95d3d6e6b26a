import { expect, test } from "vitest";
import { makePlan } from "../../../src/compose/plan.ts";
import { appOf } from "./project.ts";

const app = appOf(`
services:
  web: { build: ., ports: [{ target: 80, published: '8080' }] }
  worker: { build: . }
  db: { image: postgres }
  cache: { image: redis }
`);

test("on a first deployment everything is started or created, in blue", () => {
  const plan = makePlan(app, { live: null, base: [] });
  expect(plan).toMatchObject({ app: "shop", live: null, colour: "blue" });
  expect(plan.services.map(({ name, role, action }) => [name, role, action])).toEqual([
    ["web", "web", "start"],
    ["worker", "worker", "start"],
    ["db", "backing", "create"],
    ["cache", "backing", "create"],
  ]);
  expect(plan.services.every((service) => service.interrupts === null)).toBe(true);
  expect(plan.routes).toEqual([
    { service: "web", listener: "port:8080", protocol: "http", hosts: [], path: "/", when: null, port: 80 },
  ]);
});

test("later ones replace in the other colour, keep what stays, and say what goes away", () => {
  const plan = makePlan(app, {
    live: { release: 4, colour: "blue", services: ["web", "worker", "old"] },
    base: [
      { service: "db", running: true, configHash: "1" },
      { service: "cache", running: false, configHash: "2" },
    ],
    hashes: { db: "changed", cache: "2" },
    named: ["web"],
  });
  expect(plan).toMatchObject({ live: 4, colour: "green" });
  const actions = Object.fromEntries(plan.services.map((service) => [service.name, service]));
  expect(actions.web).toMatchObject({ action: "replace", notes: [] });
  expect(actions.worker?.notes).toEqual([
    expect.stringContaining("was not named"),
    expect.stringContaining("run at once"),
  ]);
  expect(actions.db).toMatchObject({ action: "keep", notes: [expect.stringContaining("is not applied")] });
  expect(actions.cache).toMatchObject({ action: "keep", notes: [expect.stringContaining("is started")] });
  expect(actions.old).toMatchObject({
    action: "remove",
    role: null,
    interrupts: expect.stringContaining("nothing takes its place"),
  });
});

test("a replaced service that docker compose started in the base project is pointed out", () => {
  const plan = makePlan(app, { live: null, base: [{ service: "web", running: true, configHash: null }] });
  expect(plan.services[0]?.notes).toEqual([expect.stringContaining("docker compose rm -sf web")]);
});

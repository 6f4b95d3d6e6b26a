import { expect, test } from "vitest";
import { renderPlan } from "../../../src/cli/render/plan.ts";
import { styleOf } from "../../../src/cli/render/style.ts";
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

test("what the file says of the gateway stands in the words of the file", () => {
  const said = appOf(`
services:
  web:
    build: .
    expose: [80]
    x-cutover:
      host: shop.example
      match: { methods: [GET, HEAD], headers: { x-beta: }, query: { a: b }, clients: 10.0.0.0/8, path-regexp: php }
      timeouts: { connect: 1s, response: 1m30s, keep-alive: 2s }
      max-in-flight: 20
      queue: { size: 5, wait: 2s }
      sticky: { cookie: id }
      eject: { failures: 2, pause: 1s, max-pause: 5s }
      probe: { every: 1s, failures: 4 }
      slow-start: 10s
      retry: { attempts: 1, budget: 12.5% }
      host-header: a.internal
      buffer-requests: true
      max-body: 10m
  mail:
    build: .
    ports: [{ target: 25, published: '25' }]
    x-cutover: { protocol: tcp, proxy-protocol: v2, eject: false }
  edge:
    build: .
    ports: [{ target: 443, published: '443' }]
    x-cutover: { protocol: tls, host: edge.example }
`);
  const plan = makePlan(said, { live: null, base: [] });
  expect(plan.services.map((service) => service.notes)).toEqual([
    [
      "The gateway: timeouts.connect 1s; timeouts.response 1m30s; timeouts.keep-alive 2s; max-in-flight 20; " +
        "queue.size 5; queue.wait 2s; sticky by the cookie id; eject after 2 failures, 1s to 5s; " +
        "probe every 1s, 4 failures; slow-start 10s; retry up to 1 more, 12.5% of requests; host-header a.internal; " +
        "buffer-requests 64k in memory, 100m on disk; max-body 10m.",
    ],
    ["The gateway: eject never; proxy-protocol v2."],
    [],
  ]);
  expect(plan.routes).toEqual([
    {
      ...{ service: "web", listener: "http", protocol: "http", hosts: ["shop.example"], path: "/", port: 80 },
      when: "GET or HEAD, x-beta, ?a=b, from 10.0.0.0/8, path ~ php",
    },
    { service: "mail", listener: "port:25", protocol: "tcp", hosts: [], path: null, when: null, port: 25 },
    {
      ...{ service: "edge", listener: "port:443", protocol: "tls", hosts: ["edge.example"] },
      ...{ path: null, when: null, port: 443 },
    },
  ]);
  const text = renderPlan(plan, [], styleOf({ write() {} }, {}));
  expect(text).toMatch(/the gateway's port\s+shop\.example\s+\/ \(GET or HEAD, .*\)\s+→ web:80/);
  expect(text).toMatch(/port 25\s+tcp\s+→ mail:25/);
  expect(text).toMatch(/port 443\s+tls, edge\.example\s+→ edge:443/);
});

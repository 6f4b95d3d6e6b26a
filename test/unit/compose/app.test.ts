import { describe, expect, test } from "vitest";
import { refuse } from "../../../src/compose/notice.ts";
import { appOf, errorOf } from "./project.ts";

const catchAll = (listener: string) => ({ listener, hosts: [], path: "/", priority: 0 });

/** A service `web` with these keys. */
function web(rest: string): string {
  return `services:\n  web: { image: x, ${rest} }\n`;
}

describe("roles", () => {
  test.each([
    ["build: .", "worker", "it publishes no port and writes no volume"],
    ["image: x, ports: [{ target: 80, published: '80' }]", "web", "it publishes the port 80"],
    [
      "image: 'postgres:16', ports: [{ target: 5432, published: '5432' }]",
      "backing",
      "its image is a known database",
    ],
    ["image: registry.example.com/a/valkey@sha256:00", "backing", "its image is a known cache"],
    [
      "build: ., ports: [{ target: 53, published: '53', protocol: udp }]",
      "backing",
      "it publishes the UDP port 53",
    ],
    ["build: ., network_mode: host", "backing", "it uses the host's network, where two can't have one port"],
    [
      "build: ., volumes: [{ type: volume, source: data, target: /d }]",
      "backing",
      'it writes the volume "data"',
    ],
    [
      "build: ., volumes: [{ type: volume, source: data, target: /d, read_only: true }]",
      "worker",
      "it publishes no port and writes no volume",
    ],
    [
      "build: ., volumes: [{ type: volume, target: /d }]",
      "worker",
      "it publishes no port and writes no volume",
    ],
    [
      "build: ., volumes: [{ type: bind, source: /a, target: /d }]",
      "worker",
      "it publishes no port and writes no volume",
    ],
    [
      "image: x, volumes: [{ type: bind, source: /a, target: /d }]",
      "backing",
      "it writes the directory /a and is not built here",
    ],
    [
      "image: x, volumes: [{ type: bind, source: /var/run/docker.sock, target: /d }]",
      "worker",
      "it publishes no port and writes no volume",
    ],
    [
      "image: x, x-cutover: { keep: 'true' }, ports: [{ target: 80 }]",
      "backing",
      "x-cutover says `keep: true`",
    ],
    ["image: postgres, x-cutover: { role: worker }", "worker", "x-cutover says `role: worker`"],
    [
      "build: ., labels: { cutover.port: '80' }, volumes: [{ type: volume, source: d, target: /d }]",
      "web",
      "it has cutover labels",
    ],
    ["build: ., x-cutover: { port: 80 }", "web", "x-cutover says where it is served"],
    [
      "build: ., labels: { traefik.enable: 'true' }",
      "backing",
      "only Traefik's labels say where it is served",
    ],
    [
      "build: ., network_mode: 'service:db'",
      "backing",
      "it shares a namespace or volumes with db, which stays",
    ],
    ["build: ., volumes_from: ['db:ro']", "backing", "it shares a namespace or volumes with db, which stays"],
    ["build: ., pid: 'service:other'", "worker", "it publishes no port and writes no volume"],
  ])("{ %s } is %s", (definition, role, reason) => {
    const app = appOf(`services:\n  it: { ${definition} }\n  db: { image: redis }\n  other: { build: . }\n`);
    const found = [...app.services, ...app.backing.map((one) => ({ ...one, role: "backing" }))];
    expect(found.find((service) => service.name === "it")).toMatchObject({ role, reason });
  });

  test.each([
    ["build: ./db", []],
    ["image: example/db:1", []],
    ["build: ., expose: ['3000']", ["VOLUME_KEEPS"]],
    ["image: example/web:1, ports: [{ target: 80, published: '8081' }]", ["VOLUME_KEEPS"]],
  ])("{ %s } with a volume is warned of only when it has a port as a web service does", (fields, codes) => {
    const volumes = "volumes: [{ type: volume, source: data, target: /data }]";
    const app = appOf(
      `services:\n  web: { build: ., ports: [{ target: 80, published: '8080' }] }\n  it: { ${fields}, ${volumes} }\n`,
    );
    expect(app.backing.map((service) => service.name)).toEqual(["it"]);
    expect(app.warnings.map((warning) => warning.code)).toEqual(codes);
  });

  test("nothing to deploy says why each service stays", () => {
    const error = errorOf("services:\n  db: { image: postgres }\n");
    expect(error.code).toBe("NOTHING_TO_DEPLOY");
    expect(error.details).toEqual(["db stays: its image is a known database"]);
  });
});

describe("ports and routes", () => {
  test("a published port becomes a listener of the gateway", () => {
    const app = appOf(
      web(
        "ports: [{ target: 3000, published: '8080' }, { target: 3000, published: '81', host_ip: 127.0.0.1 }, { target: 3000, published: '82', host_ip: '::1' }]",
      ),
    );
    expect(app.listeners).toEqual([
      { name: "port:8080", host: null, port: 8080 },
      { name: "port:127.0.0.1:81", host: "127.0.0.1", port: 81 },
      { name: "port:[::1]:82", host: "::1", port: 82 },
    ]);
    expect(app.services[0]).toMatchObject({
      port: 3000,
      routes: [catchAll("port:8080"), catchAll("port:127.0.0.1:81"), catchAll("port:[::1]:82")],
    });
  });

  test("every address is no address", () => {
    const app = appOf(web("ports: [{ target: 3000, published: '80', host_ip: 0.0.0.0 }]"));
    expect(app.listeners).toEqual([{ name: "port:80", host: null, port: 80 }]);
  });

  test("hosts and paths become routes on the gateway's own listener, x-cutover before labels", () => {
    const app = appOf(
      web(
        "expose: ['80/tcp'], labels: { cutover.host: 'a.b, *.c.d', cutover.path: /x/ }, x-cutover: { host: Shop.Example.com, check: { path: /up } }",
      ),
    );
    expect(app.services[0]).toMatchObject({
      port: 80,
      routes: [{ listener: "http", hosts: ["shop.example.com"], path: "/x", priority: 0 }],
      check: { path: "/up", host: "shop.example.com" },
    });
    const labels = appOf(web("expose: [80], labels: { cutover.host: 'a.b, *.c.d' }"));
    expect(labels.services[0]?.routes).toEqual([
      { listener: "http", hosts: ["a.b", "*.c.d"], path: "/", priority: 0 },
    ]);
  });

  test("a host beside a published port is served on both", () => {
    const app = appOf(web("ports: [{ target: 80, published: '8080' }], labels: { cutover.host: a.b }"));
    expect(app.services[0]?.routes).toEqual([catchAll("port:8080"), { ...catchAll("http"), hosts: ["a.b"] }]);
  });

  test("a port alone is served under any host on the gateway's own listener", () => {
    expect(appOf(web("labels: { cutover.port: '9000' }")).services[0]).toMatchObject({
      port: 9000,
      routes: [catchAll("http")],
    });
  });

  test("several container ports are refused until one is named", () => {
    const ports = "ports: [{ target: 80, published: '80' }, { target: 443, published: '443' }]";
    const app = appOf(web(ports));
    expect(app.refusals).toMatchObject([{ code: "UNSUPPORTED", where: { line: 2 } }]);
    const named = appOf(web(`${ports}, x-cutover: { port: 443 }`));
    expect(named.refusals).toEqual([]);
    expect(named.listeners.map((listener) => listener.port)).toEqual([443]);
    expect(named.warnings).toMatchObject([
      { code: "PORT_NOT_SERVED", message: expect.stringContaining("80:80") },
    ]);
  });

  test("a port range is refused", () => {
    expect(appOf(web("ports: [{ target: 80, published: 8000-8010 }]")).refusals).toMatchObject([
      { code: "UNSUPPORTED" },
    ]);
  });

  test("a web service without a port is told how to say it", () => {
    const error = errorOf(web("x-cutover: { role: web }"));
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.hint).toContain("cutover.port");
    expect(errorOf(web("expose: [1, 2], x-cutover: { role: web }")).code).toBe("EXTENSION_INVALID");
  });

  test("two services under one route are refused", () => {
    const app = appOf(
      "services:\n  a: { build: ., labels: { cutover.port: '1' } }\n  b: { build: ., labels: { cutover.port: '2' } }\n",
    );
    expect(app.refusals).toMatchObject([
      { code: "ROUTE_TAKEN", message: expect.stringContaining('"a" and "b"') },
    ]);
  });

  test.each([
    ["{ cutover.prot: '80' }", 'Unknown label "cutover.prot" of service "web". Did you mean "cutover.port"?'],
    ["{ cutover.port: http }", "must be a port from 1 to 65535"],
    ["{ cutover.path: shop }", 'must be a path that begins with "/"'],
    ["{ cutover.host: 'a b' }", "must be a host name"],
  ])("labels %s are wrong", (labels, message) => {
    const error = errorOf(`services:\n  web:\n    image: x\n    labels: ${labels}\n`);
    expect(error.code).toBe("LABEL_INVALID");
    expect(error.message).toContain(message);
    expect(error.where).toMatchObject({ file: "compose.yaml", line: 4 });
  });
});

describe("what two colours can't share is refused before anything starts", () => {
  test.each([
    ["network_mode: host, x-cutover: { role: worker }", "the host's network", [2]],
    ["network_mode: none, x-cutover: { port: 80 }", "no address of its own", [2]],
    [
      "network_mode: 'service:db', x-cutover: { role: worker }",
      'shares a namespace or volumes with "db"',
      [2],
    ],
    ["networks: { n: { ipv4_address: 10.0.0.2 } }", 'fixed ipv4_address on the network "n"', [2]],
    ["mac_address: '02:42:ac:11:65:43'", "fixed MAC address", [2]],
    ["links: ['db:database']", 'links "db" under the name "database"', [2]],
    ["depends_on: { migrate: { condition: service_completed_successfully } }", "hooks: {pre-deploy", [2]],
    [
      "ports: [{ target: 80, published: '1' }, { target: 53, protocol: udp }], x-cutover: { role: web }",
      "UDP port 53",
      [2],
    ],
  ])("{ %s }", (definition, message, [line]) => {
    const app = appOf(
      `services:\n  it: { build: ., ${definition} }\n  db: { image: redis }\n  migrate: { build: . }\n  more: { build: . }\n`,
    );
    const refusal = app.refusals.find((one) => one.message.includes(message));
    expect(refusal, JSON.stringify(app.refusals)).toMatchObject({ code: "UNSUPPORTED", where: { line } });
    expect(() => refuse(app.refusals)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  test("a service that stays under the name of a colour", () => {
    const app = appOf(
      "services:\n  api: { build: . }\n  api-green: { image: redis }\n  db: { image: redis, networks: { default: { aliases: [api-blue] } } }\n",
    );
    expect(app.refusals.map((one) => one.message)).toEqual([
      expect.stringContaining('"api-green" answers to "api-green"'),
      expect.stringContaining('"db" answers to "api-blue"'),
    ]);
  });

  test("the first refusal is thrown with the others in its details", () => {
    const app = appOf(
      web("mac_address: '02:42:ac:11:65:43', network_mode: host, x-cutover: { role: worker }"),
    );
    expect(() => refuse(app.refusals)).toThrow(
      expect.objectContaining({ details: [expect.stringMatching(/^compose\.yaml:2:\d+: .*MAC address/)] }),
    );
    expect(() => refuse([])).not.toThrow();
  });

  test("published ports, a container name and a host name are not in the way", () => {
    const app = appOf(
      web("ports: [{ target: 1, published: '1' }], container_name: a, hostname: b, links: [db]") +
        "  db: { image: redis }\n",
    );
    expect(app.refusals).toEqual([]);
  });
});

describe("replicas", () => {
  test.each([
    ["scale: 3", 3],
    ["deploy: { replicas: 4 }", 4],
    ["deploy: { mode: global }", 1],
    ["build: .", 1],
  ])("%s", (definition, replicas) => {
    expect(appOf(`services:\n  it: { image: x, ${definition} }\n`).services[0]?.replicas).toBe(replicas);
  });

  test("--scale wins, 0 leaves the service out, and an unknown name is told", () => {
    const text = "services:\n  it: { image: x, scale: 3 }\n  other: { image: x }\n";
    expect(appOf(text, { scale: { it: 5 } }).services[0]?.replicas).toBe(5);
    const without = appOf(text, { scale: { it: 0 } });
    expect(without.services.map((service) => service.name)).toEqual(["other"]);
    expect(without.warnings.map((warning) => warning.code)).toEqual(["NO_REPLICAS"]);
    expect(errorOf(text, { scale: { ti: 1 } })).toMatchObject({ code: "SERVICE_UNKNOWN" });
  });
});

test.each([
  ["healthcheck: { test: [CMD, 'true'] }", true],
  ["healthcheck: { test: [NONE] }", false],
  ["healthcheck: { disable: true, test: [CMD, 'true'] }", false],
  ["healthcheck: { interval: 1s }", false],
  ["build: .", false],
])("{ %s } has a health check: %s", (definition, has) => {
  expect(appOf(`services:\n  it: { image: x, ${definition} }\n`).services[0]?.hasHealthcheck).toBe(has);
});

test("a service that stays but depends on a replaced one is warned of", () => {
  const app = appOf(
    "services:\n  it: { build: . }\n  proxy: { image: x, x-cutover: { keep: true }, depends_on: { it: { condition: service_started } } }\n",
  );
  expect(app.warnings).toMatchObject([{ code: "BACKING_NEEDS_COLOUR", where: { line: 3 } }]);
});

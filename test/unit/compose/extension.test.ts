import { describe, expect, test } from "vitest";
import {
  readAppExtension,
  readCheck,
  readSettings,
  readServiceExtension,
} from "../../../src/compose/extension.ts";
import { extensionJsonSchema } from "../../../src/compose/extension-schema.ts";
import { defaultCheck } from "../../../src/model/check.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { appOf, errorOf } from "./project.ts";

const web = "services:\n  web:\n    build: .\n    ports: [{ target: 80, published: '8080' }]\n";

test("the schema in the package is the one that is checked by", async () => {
  await expect(`${JSON.stringify(extensionJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    "../../../schema/x-cutover.json",
  );
});

test("without x-cutover everything is the default", () => {
  expect(readSettings(readAppExtension(undefined, []))).toEqual(defaultSettings);
  expect(readCheck(readServiceExtension("web", null, []), "shop.example.com")).toEqual(defaultCheck);
});

test("every setting can be said", () => {
  const extension = readAppExtension(
    {
      "ready-timeout": "1m30s",
      drain: { requests: "500ms", connections: "1h", spread: "0s" },
      "rollback-window": "1.5h",
      "keep-releases": "7",
    },
    [],
  );
  expect(readSettings(extension)).toEqual({
    readyTimeoutMs: 90_000,
    drainRequestsMs: 500,
    drainConnectionsMs: 3_600_000,
    drainSpreadMs: 0,
    rollbackWindowMs: 5_400_000,
    keepReleases: 7,
  });
});

test("every part of a check can be said, and its Host header is the first host of the service", () => {
  const extension = readServiceExtension(
    "web",
    { check: { path: "/up", successes: 5, interval: "100ms", timeout: "1s", status: "200-204" } },
    [],
  );
  expect(readCheck(extension, "shop.example.com")).toEqual({
    path: "/up",
    host: "shop.example.com",
    successes: 5,
    intervalMs: 100,
    timeoutMs: 1_000,
    status: { from: 200, to: 204 },
  });
  const one = readServiceExtension("web", { check: { path: "/", host: "a.b", status: 204 } }, []);
  expect(readCheck(one, "shop.example.com")).toMatchObject({ host: "a.b", status: { from: 204, to: 204 } });
});

describe("wrong keys and values are told with their place", () => {
  test.each([
    ["x-cutover: { drian: {} }\n", 'Unknown key "drian" under x-cutover. Did you mean "drain"?', 1, 14],
    ["x-cutover:\n  drain:\n    request: 1s\n", 'Did you mean "requests"?', 3, 5],
    ["x-cutover:\n  zzzzzz: 1\n", "The keys are: hooks, ready-timeout, drain,", 2, 3],
    ["x-cutover:\n  ready-timeout: 30\n", 'x-cutover.ready-timeout must be a duration such as "30s"', 2, 18],
    ["x-cutover:\n  keep-releases: 0\n", "must be a whole number from 1 to 100", 2, 18],
    ["x-cutover:\n  drain: 5s\n", "x-cutover.drain must be a mapping of `requests`", 2, 10],
    ["x-cutover: 5\n", "x-cutover must be a mapping", 1, 12],
    ["x-cutover:\n  hooks:\n    pre-deploi: x\n", 'Did you mean "pre-deploy"?', 3, 5],
    ["x-cutover:\n  hooks:\n    pre-deploy:\n      - comand: x\n", 'Did you mean "command"?', 4, 9],
    [
      "x-cutover:\n  hooks:\n    pre-deploy:\n      - command: 5\n",
      "x-cutover.hooks.pre-deploy[0].command must be a command: a text, run by `sh -c`",
      4,
      18,
    ],
    [
      "x-cutover:\n  hooks:\n    pre-deploy:\n      - command: x\n        timeout: soon\n",
      "timeout must be a duration",
      5,
      18,
    ],
    ["x-cutover:\n  hooks:\n    pre-deploy: 5\n", "must be a command or a list of hooks", 3, 17],
  ])("%j", (text, message, line, column) => {
    const error = errorOf(text + web);
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.message).toContain(message);
    expect(error.where).toEqual({ file: "compose.yaml", line, column });
  });

  test.each([
    ["{ rol: web }", 'Unknown key "rol" under web.x-cutover. Did you mean "role"?', 21],
    ["{ role: job }", 'web.x-cutover.role must be "web", "worker" or "backing"', 27],
    ["{ port: 70000 }", "must be a whole number from 1 to 65535", 27],
    ["{ port: http }", "must be a whole number from 1 to 65535", 27],
    ["{ host: 'http://a' }", "web.x-cutover.host must be a host name", 27],
    ["{ host: [a.b, 'b c'] }", "web.x-cutover.host[1] must be a host name such as", 33],
    ["{ path: shop }", 'must be a path that begins with "/"', 27],
    [
      "{ check: { interval: 200ms } }",
      'web.x-cutover.check.interval must be a duration from "1ms" to "100ms"',
      40,
    ],
    ["{ check: { status: ok } }", "must be an HTTP status, or a range", 38],
    ["{ check: { pth: / } }", 'under web.x-cutover.check. Did you mean "path"?', 30],
    ["{ keep: true, role: web }", "what is kept is not replaced", 33],
    ["{ network: bakc }", 'not on a network "bakc". Did you mean "back"?', 30],
  ])("%s", (extension, message, column) => {
    const error = errorOf(`${web}    networks: { back: {} }\n    x-cutover:    ${extension}\n`);
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.message).toContain(message);
    expect(error.where).toEqual({ file: "compose.yaml", line: 6, column: column });
  });
});

describe("hooks", () => {
  const file = (hooks: string): string =>
    `x-cutover:\n  hooks: ${hooks}\n${web}  worker: { build: . }\n  db: { image: postgres }\n`;

  test("a text runs by a shell, a list as it is, and compose's escape of $ is undone", () => {
    const app = appOf(
      file(
        "{ pre-deploy: 'echo $$HOME', post-deploy: [{ service: worker, command: [a, $$b], timeout: 5s }] }",
      ),
    );
    expect(app.hooks).toEqual([
      {
        phase: "pre-deploy",
        index: 0,
        service: "web",
        command: ["sh", "-c", "echo $HOME"],
        timeoutMs: 600_000,
      },
      { phase: "post-deploy", index: 0, service: "worker", command: ["a", "$b"], timeoutMs: 5_000 },
    ]);
  });

  test("hooks of a phase keep their order", () => {
    const app = appOf(file("{ pre-switch: [a, { command: b }, c] }"));
    expect(app.hooks.map((hook) => [hook.index, hook.command[2]])).toEqual([
      [0, "a"],
      [1, "b"],
      [2, "c"],
    ]);
  });

  test("a service that is not in the file", () => {
    const error = errorOf(file("{ pre-deploy: [{ command: x, service: wbe }] }"));
    expect(error.code).toBe("SERVICE_UNKNOWN");
    expect(error.message).toContain('"wbe", which is not in the file. Did you mean "web"?');
    expect(error.where).toEqual({ file: "compose.yaml", line: 2, column: 48 });
  });

  test("a service that is not replaced has no new image to run from", () => {
    const error = errorOf(file("{ pre-deploy: [{ command: x, service: db }] }"));
    expect(error.code).toBe("EXTENSION_INVALID");
    expect(error.message).toContain('does not replace "db". Name one with `service`: web, worker.');
  });

  test("a hook must name a service where several could be meant", () => {
    const text = file("{ pre-deploy: x }").replace(
      "  worker: { build: . }",
      "  api: { build: ., expose: [1], x-cutover: { path: /api } }",
    );
    expect(errorOf(text).message).toContain("does not say from which service's image it runs");
  });
});

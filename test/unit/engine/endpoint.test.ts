import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FileReader } from "../../../src/engine/context-store.ts";
import { type EndpointOptions, resolveEndpoint } from "../../../src/engine/endpoint.ts";

const home = "/home/ann";
const store = `${home}/.docker`;

function disk(files: Record<string, string>): FileReader {
  return {
    read: (path) => files[path] ?? null,
    list: (directory) => [
      ...new Set(
        Object.keys(files)
          .filter((path) => path.startsWith(`${directory}/`))
          .map((path) => path.slice(directory.length + 1).split("/")[0] ?? ""),
      ),
    ],
  };
}

function resolve(options: Partial<EndpointOptions>, files: Record<string, string> = {}) {
  return resolveEndpoint({ env: {}, home, platform: "linux", ...options }, disk(files));
}

function context(name: string, host: string, more: object = {}): Record<string, string> {
  const id = createHash("sha256").update(name).digest("hex");
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, ...more } } };
  return { [`${store}/contexts/meta/${id}/meta.json`]: JSON.stringify(meta) };
}

describe("the engine's address", () => {
  test("is the default socket when nothing names another", () => {
    expect(resolve({})).toMatchObject({ kind: "socket", path: "/var/run/docker.sock" });
    expect(resolve({ platform: "win32" })).toMatchObject({ path: "\\\\.\\pipe\\docker_engine" });
  });

  test("comes from the options, then DOCKER_HOST, then DOCKER_CONTEXT, then config.json", () => {
    const files = {
      ...context("one", "unix:///one.sock"),
      ...context("two", "unix:///two.sock"),
      [`${store}/config.json`]: JSON.stringify({ currentContext: "two" }),
    };
    const env = { DOCKER_HOST: "unix:///host.sock", DOCKER_CONTEXT: "one" };
    expect(resolve({ env, host: "unix:///given.sock" }, files)).toMatchObject({ path: "/given.sock" });
    expect(resolve({ env, context: "two" }, files)).toMatchObject({ path: "/two.sock" });
    expect(resolve({ env }, files)).toMatchObject({ path: "/host.sock" });
    expect(resolve({ env: { DOCKER_CONTEXT: "one" } }, files)).toMatchObject({ path: "/one.sock" });
    expect(resolve({}, files)).toMatchObject({ path: "/two.sock" });
    expect(resolve({ env: { DOCKER_CONTEXT: "default" } }, files)).toMatchObject({
      path: "/var/run/docker.sock",
    });
    expect(() => resolve({ host: "unix:///a", context: "one" }, files)).toThrow(/not both/);
  });

  test("reads the store that DOCKER_CONFIG names, and outlives a broken config.json", () => {
    const moved = Object.fromEntries(
      Object.entries(context("one", "unix:///one.sock")).map(([path, text]) => [
        path.replace(store, "/etc/docker-cli"),
        text,
      ]),
    );
    const env = { DOCKER_CONFIG: "/etc/docker-cli", DOCKER_CONTEXT: "one" };
    expect(resolve({ env }, moved)).toMatchObject({ path: "/one.sock" });
    expect(resolve({}, { [`${store}/config.json`]: "{" })).toMatchObject({ path: "/var/run/docker.sock" });
  });

  test("names the known contexts when the wanted one is not there", () => {
    const files = { ...context("shop", "unix:///a"), ...context("attic", "unix:///b") };
    expect(() => resolve({ context: "shp" }, files)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: 'There is no Docker context "shp". Known contexts: default, attic, shop.',
      }),
    );
  });

  test("takes TLS from a context's own material", () => {
    const id = createHash("sha256").update("far").digest("hex");
    const directory = `${store}/contexts/tls/${id}/docker`;
    const files = {
      ...context("far", "tcp://far.example:2376", { SkipTLSVerify: true }),
      [`${directory}/ca.pem`]: "CA",
      [`${directory}/cert.pem`]: "CERT",
      [`${directory}/key.pem`]: "KEY",
    };
    expect(resolve({ context: "far" }, files)).toEqual({
      kind: "tcp",
      host: "far.example",
      port: 2376,
      tls: { ca: "CA", cert: "CERT", key: "KEY", verify: false },
      name: "tcp://far.example:2376",
    });
  });

  test("takes TLS from the environment and the port from TLS", () => {
    const env = { DOCKER_HOST: "tcp://far.example", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
    expect(resolve({ env }, { "/certs/ca.pem": "CA" })).toMatchObject({
      port: 2376,
      tls: { ca: "CA", cert: null, key: null, verify: true },
    });
    expect(resolve({ env: { DOCKER_HOST: "tcp://[::1]:99" } })).toMatchObject({
      host: "::1",
      port: 99,
      tls: null,
    });
    expect(resolve({ host: "tcp://10.0.0.1" })).toMatchObject({ port: 2375, tls: null });
  });

  test("goes over ssh as the docker CLI does, and keeps the user's name out of messages", () => {
    const endpoint = resolve({ host: "ssh://ann@far.example:2222/run/user/1000/docker.sock" });
    expect(endpoint).toEqual({
      kind: "ssh",
      name: "ssh://far.example:2222/run/user/1000/docker.sock",
      arguments: [
        ...["-o", "ConnectTimeout=30", "-T", "-l", "ann", "-p", "2222", "--", "far.example", "docker"],
        ...["--host", "unix:///run/user/1000/docker.sock", "system", "dial-stdio"],
      ],
    });
  });

  test.each([
    "far.example",
    "ftp://far",
    "tcp://",
    "ssh://",
    "ssh://-oProxyCommand=x",
    "ssh://far/a;b",
    "ssh://a:b@far",
  ])("refuses %s", (host) => {
    expect(() => resolve({ host })).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  test("never shows credentials of an address it refuses", () => {
    expect(() => resolve({ host: "ssh://ann:secret@far" })).toThrow(/^(?!.*secret)/);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CutoverError } from "../model/error.ts";
import { type FileReader, readContext, type TlsFiles } from "./context-store.ts";

/** Where an engine is and how to get there. */
export type Endpoint =
  | { kind: "socket"; path: string; name: string }
  | { kind: "tcp"; host: string; port: number; tls: TlsFiles | null; name: string }
  | { kind: "ssh"; arguments: string[]; name: string };

/** What decides the address. `host` and `context` are what the user gave on the command line. */
export interface EndpointOptions {
  env: Record<string, string | undefined>;
  host?: string | undefined;
  context?: string | undefined;
  /** The user's home directory. */
  home?: string | undefined;
  platform?: string | undefined;
}

/** Reads the real disk. */
export const diskReader: FileReader = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  },
  list(directory) {
    try {
      return readdirSync(directory);
    } catch {
      return [];
    }
  },
};

/**
 * The engine's address, found as the docker CLI finds it: the options given; DOCKER_HOST; DOCKER_CONTEXT; the
 * `currentContext` of config.json in DOCKER_CONFIG (`~/.docker`); the platform's default socket.
 * Pure over the environment and the reader.
 * @throws USAGE for an unknown context or an address of unknown form.
 */
export function resolveEndpoint(options: EndpointOptions, files: FileReader = diskReader): Endpoint {
  const { env } = options;
  if (options.host && options.context) {
    throw new CutoverError("USAGE", "Give the engine's host or its context, not both.");
  }
  const directory = env.DOCKER_CONFIG || join(options.home ?? homedir(), ".docker");
  const byHost = (host: string) => parseHost(host, environmentTls(env, directory, files));
  if (options.host) return byHost(options.host);
  const context =
    options.context || (env.DOCKER_HOST ? "" : env.DOCKER_CONTEXT || currentContext(directory, files));
  if (context && context !== "default") {
    const stored = readContext(directory, context, files);
    return parseHost(stored.host, stored.tls);
  }
  return byHost(env.DOCKER_HOST || defaultHost(options.platform ?? process.platform));
}

function defaultHost(platform: string): string {
  return platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock";
}

/** A config.json that can't be read or parsed has no current context, as for the docker CLI, which only warns. */
function currentContext(directory: string, files: FileReader): string {
  const text = files.read(join(directory, "config.json"));
  if (text === null) return "";
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config !== "object" || config === null || !("currentContext" in config)) return "";
    return typeof config.currentContext === "string" ? config.currentContext : "";
  } catch {
    return "";
  }
}

/** DOCKER_TLS_VERIFY checks the server, DOCKER_TLS does not; the files are in DOCKER_CERT_PATH. */
function environmentTls(
  env: Record<string, string | undefined>,
  directory: string,
  files: FileReader,
): TlsFiles | null {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !env.DOCKER_TLS) return null;
  const certificates = env.DOCKER_CERT_PATH || directory;
  return {
    ca: files.read(join(certificates, "ca.pem")),
    cert: files.read(join(certificates, "cert.pem")),
    key: files.read(join(certificates, "key.pem")),
    verify,
  };
}

function parseHost(host: string, tls: TlsFiles | null): Endpoint {
  const scheme = /^([a-z]+):\/\/(.*)$/i.exec(host);
  const rest = scheme?.[2] ?? "";
  switch (scheme?.[1]?.toLowerCase()) {
    case "unix":
      return { kind: "socket", path: rest || "/var/run/docker.sock", name: host };
    case "npipe":
      return { kind: "socket", path: rest.replaceAll("/", "\\"), name: host };
    case "tcp":
    case "http":
      return tcpEndpoint(host, rest, tls);
    case "https":
      return tcpEndpoint(host, rest, tls ?? { ca: null, cert: null, key: null, verify: true });
    case "ssh":
      return { kind: "ssh", arguments: sshArguments(host), name: host.replace(/\/\/.*@/, "//") };
    default:
      throw badHost(host);
  }
}

function tcpEndpoint(name: string, rest: string, tls: TlsFiles | null): Endpoint {
  const url = URL.parse(`tcp://${rest}`);
  if (!url?.hostname) throw badHost(name);
  const port = url.port === "" ? (tls ? 2376 : 2375) : Number(url.port);
  return { kind: "tcp", host: url.hostname.replace(/^\[|\]$/g, ""), port, tls, name: `tcp://${url.host}` };
}

/** The arguments of ssh, as the docker CLI's connection helper gives them (docker/cli, cli/connhelper). */
function sshArguments(host: string): string[] {
  const url = URL.parse(host);
  if (!url?.hostname || url.password !== "" || url.hostname.startsWith("-")) throw badHost(host);
  const socket = url.pathname === "/" ? "" : url.pathname;
  if (!/^[\w./-]*$/.test(socket)) throw badHost(host);
  return [
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(url.username ? ["-l", decodeURIComponent(url.username)] : []),
    ...(url.port ? ["-p", url.port] : []),
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
    "docker",
    ...(socket ? ["--host", `unix://${socket}`] : []),
    "system",
    "dial-stdio",
  ];
}

function badHost(host: string): CutoverError {
  return new CutoverError(
    "USAGE",
    `The engine's address "${host.replace(/\/\/.*@/, "//")}" is not understood.`,
    {
      hint: "Use unix:///path, tcp://host:port or ssh://user@host.",
    },
  );
}

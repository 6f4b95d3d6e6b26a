import { CutoverError } from "../model/error.ts";

/** What Docker's CLI asks a plugin for: docker/cli, cli-plugins/metadata. */
export function pluginMetadata(version: string): string {
  return JSON.stringify({
    SchemaVersion: "0.1.0",
    Vendor: "Cutover",
    Version: version,
    ShortDescription: "Zero-downtime deployments for Docker Compose",
  });
}

/** The argument Docker's CLI asks for the metadata with. */
export const metadataArgument = "docker-cli-plugin-metadata";

/** Docker's global flags that take a value, by every spelling. */
const withValue: Record<string, string> = {
  "--config": "config",
  "-c": "context",
  "--context": "context",
  "-H": "host",
  "--host": "host",
  "-l": "level",
  "--log-level": "level",
  "--tlscacert": "tls",
  "--tlscert": "tls",
  "--tlskey": "tls",
};

/**
 * Docker calls a plugin with all of its own arguments: `docker-cutover --context prod cutover deploy`. Takes docker's
 * flags into the environment, as docker's own variables, and gives what follows the word `cutover`.
 */
export function pluginArguments(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { args: string[]; env: NodeJS.ProcessEnv } {
  const result = { ...env };
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "cutover") return { args: args.slice(at + 1), env: result };
    if (arg === "help" && args[at + 1] === "cutover")
      return { args: ["help", ...args.slice(at + 2)], env: result };
    if (arg === "__complete" && args[at + 1] === "cutover") {
      return { args: ["__complete", ...args.slice(at + 2)], env: result };
    }
    if (!arg.startsWith("-")) break;
    const [flag = "", inline] = arg.startsWith("--")
      ? splitOnce(arg)
      : [arg.slice(0, 2), arg.slice(2) || undefined];
    const meaning = withValue[flag];
    if (meaning === undefined) {
      takeSwitch(result, flag);
      continue;
    }
    if (inline === undefined) at += 1;
    takeValue(result, flag, meaning, (inline ?? args[at] ?? "").replace(/^=/, ""));
  }
  return { args: args.slice(at), env: result };
}

function takeSwitch(env: NodeJS.ProcessEnv, flag: string): void {
  if (flag === "--tlsverify") env.DOCKER_TLS_VERIFY = "1";
  if (flag === "--tls") env.DOCKER_TLS = "1";
}

function takeValue(env: NodeJS.ProcessEnv, flag: string, meaning: string, value: string): void {
  if (meaning === "config") env.DOCKER_CONFIG = value;
  if (meaning === "context") {
    env.DOCKER_CONTEXT = value;
    env.DOCKER_HOST = undefined;
  }
  if (meaning === "host") {
    env.DOCKER_HOST = value;
    env.DOCKER_CONTEXT = undefined;
  }
  if (meaning === "tls") {
    throw new CutoverError("USAGE", `docker's ${flag} can't be handed on.`, {
      hint: "Put ca.pem, cert.pem and key.pem in one directory and name it in DOCKER_CERT_PATH, or use a context.",
    });
  }
}

function splitOnce(arg: string): [string, string | undefined] {
  const equals = arg.indexOf("=");
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

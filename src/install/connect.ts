import { Agent } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { z } from "zod";
import type { EngineConnection } from "../engine/connection.ts";
import { inspectContainer } from "../engine/containers.ts";
import { execStream } from "../engine/exec-stream.ts";
import { containerLines } from "../engine/logs.ts";
import { inspectVolume } from "../engine/volumes.ts";
import { CutoverError } from "../model/error.ts";
import { type Address, requestJson, requestStream } from "../wire/json-client.ts";
import { bundlePath } from "./bundles.ts";
import { containerName, controlSocket, nodePath, volumeName } from "./names.ts";
import { version as ownVersion } from "./version.ts";

/** Control's API. What control refuses is thrown as the CutoverError it sent. */
export interface ControlClient {
  /** The answer's JSON; null for an empty one. @throws CONTROL_UNREACHABLE. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Values of a newline-delimited answer. Closing the iteration or aborting the signal closes the connection. */
  stream(method: string, path: string, body?: unknown, signal?: AbortSignal): AsyncIterable<unknown>;
}

export interface ConnectOptions {
  /** The version control must have; this program's own when left out. */
  version?: string;
  /** `relay` goes through the container even where the socket can be opened. */
  via?: "socket" | "relay";
}

/**
 * Control of an instance: over its socket in the volume's directory where this process may open it, else over the
 * same stream through `exec` of the relay in control's container.
 * @throws CONTROL_UNREACHABLE with control's last log lines, CONTROL_VERSION.
 */
export async function connectControl(
  connection: EngineConnection,
  instance: string,
  options: ConnectOptions = {},
): Promise<ControlClient> {
  const [container, path] = await Promise.all([
    inspectContainer(connection, containerName(instance, "control")),
    options.via === "relay" ? null : openableSocket(connection, instance),
  ]);
  if (!container) {
    throw new CutoverError(
      "CONTROL_UNREACHABLE",
      `There is no control named ${containerName(instance, "control")}.`,
      {
        hint: "`cutover up` starts it.",
      },
    );
  }
  if (container.State.Status !== "running") {
    throw new CutoverError("CONTROL_UNREACHABLE", `Control is not running (${container.State.Status}).`, {
      details: await lastLines(connection, container.Id),
    });
  }
  const client = controlClient(path === null ? relayAddress(connection, container.Id) : { socketPath: path });
  const status = z.object({ version: z.string() }).parse(await client.request("GET", "/v1/status"));
  const wanted = options.version ?? ownVersion;
  if (status.version !== wanted) {
    throw new CutoverError(
      "CONTROL_VERSION",
      `Control is version ${status.version}, this command is ${wanted}.`,
    );
  }
  return client;
}

/** Last lines of a daemon's log. */
export async function lastLines(connection: EngineConnection, id: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of containerLines(connection, id, { tail: 20 })) lines.push(line);
  return lines;
}

function controlClient(address: Address): ControlClient {
  return {
    async request(method, path, body) {
      try {
        return await requestJson(address, method, path, body);
      } catch (error) {
        throw unreachable(error);
      }
    },
    async *stream(method, path, body, signal) {
      try {
        yield* requestStream(address, method, path, body, signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw unreachable(error);
      }
    },
  };
}

function unreachable(error: unknown): CutoverError {
  if (error instanceof CutoverError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new CutoverError("CONTROL_UNREACHABLE", `Control does not answer: ${reason}`, { cause: error });
}

/** The socket's path on this machine; null when it can't be connected to from here. */
async function openableSocket(connection: EngineConnection, instance: string): Promise<string | null> {
  if (connection.endpoint.kind !== "socket") return null;
  const volume = await inspectVolume(connection, volumeName(instance, "control"));
  if (!volume) return null;
  const path = join(volume.mountpoint, controlSocket);
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (value: string | null) => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", () => settle(path)).once("error", () => settle(null));
  });
}

/** Requests over `exec`. A relay serves one connection after the other request's end, as HTTP keep-alive does. */
function relayAddress(connection: EngineConnection, container: string): Address {
  const agent = new Agent({ keepAlive: true });
  const command = [nodePath, bundlePath("control"), "relay"];
  agent.createConnection = (_options, callback) => {
    execStream(connection, container, command).then(
      (stream) => callback?.(null, stream),
      (cause) => callback?.(new Error("the relay could not be started", { cause }), new PassThrough()),
    );
    return undefined;
  };
  return { agent };
}

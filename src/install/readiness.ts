import type { EngineConnection } from "../engine/connection.ts";
import { waitContainer } from "../engine/containers.ts";
import { execStream } from "../engine/exec-stream.ts";
import { CutoverError } from "../model/error.ts";
import { lastLines } from "./connect.ts";
import { type Component, controlSocket, directories, gatewaySocket, nodePath } from "./names.ts";

/** Milliseconds a daemon may take from its start to its socket. */
const readyWithinMs = 30_000;

const sockets: Record<Component, string> = {
  control: `${directories.control}/${controlSocket}`,
  gateway: `${directories.gateway}/${gatewaySocket}`,
};

/**
 * Runs in the daemon's own container: ends as soon as the socket takes a connection. Looks when the directory
 * changes, and every 100 ms because a socket's file is there before it listens.
 */
const script = `const { connect } = require("node:net");
const { watch } = require("node:fs");
const path = process.argv[1];
const attempt = () => {
  const socket = connect(path);
  socket.on("connect", () => process.exit(0));
  socket.on("error", () => {});
};
watch(require("node:path").dirname(path), attempt);
setInterval(attempt, 100);
attempt();`;

/**
 * Resolves when the daemon takes connections.
 * @throws CONTROL_UNREACHABLE or GATEWAY_UNREACHABLE with its last log lines, as soon as it ends or when its time is up.
 */
export async function daemonReady(
  connection: EngineConnection,
  component: Component,
  id: string,
): Promise<void> {
  const ended = new AbortController();
  const exit = waitContainer(connection, id, ended.signal).then((code) => `ended with code ${code}`);
  const { promise: late, resolve: expire } = Promise.withResolvers<string>();
  const timer = setTimeout(() => expire(`does not answer within ${readyWithinMs / 1000} s`), readyWithinMs);
  const socket = untilConnected(connection, component, id, ended.signal).catch(() => null);
  try {
    // The exec fails when the container ends under it: then the container's own end tells more.
    const answer = socket.then((connected) => (connected === null ? Promise.race([exit, late]) : null));
    const failure = await Promise.race([answer, exit, late]);
    if (failure === null) return;
    throw new CutoverError(
      component === "control" ? "CONTROL_UNREACHABLE" : "GATEWAY_UNREACHABLE",
      `The ${component} was started, but ${failure}.`,
      { details: await lastLines(connection, id) },
    );
  } finally {
    clearTimeout(timer);
    ended.abort();
    exit.catch(() => {});
  }
}

async function untilConnected(
  connection: EngineConnection,
  component: Component,
  id: string,
  signal: AbortSignal,
): Promise<true> {
  const stream = await execStream(connection, id, [nodePath, "-e", script, sockets[component]]);
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  if (signal.aborted) stream.destroy();
  for await (const _ of stream);
  return true;
}

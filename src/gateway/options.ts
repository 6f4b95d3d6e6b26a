import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CutoverError } from "../model/error.ts";

/** How the gateway daemon is started. */
export interface GatewayOptions {
  httpPort: number;
  /** Address of the `http` listener; null binds every address. */
  bind: string | null;
  socket: string;
  snapshot: string;
  workers: number;
}

/**
 * Options from the command line, else from the environment (`CUTOVER_HTTP_PORT`, `CUTOVER_BIND`,
 * `CUTOVER_GATEWAY_SOCKET`, `CUTOVER_SNAPSHOT`, `CUTOVER_WORKERS`).
 *
 * There are two workers or more unless asked otherwise, so that the listening socket outlives the crash of one.
 *
 * @throws CutoverError USAGE
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): GatewayOptions {
  const given = parse(args);
  return {
    httpPort: whole("--http-port", given["http-port"] ?? env.CUTOVER_HTTP_PORT ?? "80", 65_535),
    bind: (given.bind ?? env.CUTOVER_BIND) || null,
    socket: given.socket ?? env.CUTOVER_GATEWAY_SOCKET ?? "/run/cutover/gateway.sock",
    snapshot: given.snapshot ?? env.CUTOVER_SNAPSHOT ?? "/run/cutover/table.json",
    workers: whole(
      "--workers",
      given.workers ?? env.CUTOVER_WORKERS ?? String(Math.max(2, availableParallelism())),
      256,
    ),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        "http-port": { type: "string" },
        bind: { type: "string" },
        socket: { type: "string" },
        snapshot: { type: "string" },
        workers: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new CutoverError("USAGE", error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string, most: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) {
    throw new CutoverError("USAGE", `${name} takes a whole number from 1 to ${most}, not '${text}'`);
  }
  return value;
}

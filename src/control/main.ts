import process from "node:process";
import { pino } from "pino";
import { EngineConnection } from "../engine/connection.ts";
import { createEngine } from "../engine/engine.ts";
import { relay } from "../wire/relay.ts";
import { startDaemon } from "./daemon.ts";

declare const CUTOVER_VERSION: string | undefined;

const version = typeof CUTOVER_VERSION === "string" ? CUTOVER_VERSION : "0.0.0-dev";
const controlSocket = process.env.CUTOVER_CONTROL_SOCKET ?? "/run/cutover-control/control.sock";

if (process.argv[2] === "relay") {
  relay(controlSocket);
} else {
  await serve();
}

async function serve(): Promise<void> {
  const log = pino({ name: "control", level: process.env.CUTOVER_LOG_LEVEL ?? "info" });
  const path = process.env.CUTOVER_ENGINE_SOCKET ?? "/var/run/docker.sock";
  const connection = await EngineConnection.open({ kind: "socket", path, name: `unix://${path}` });
  const daemon = await startDaemon({
    engine: createEngine(connection, process.env.CUTOVER_INSTANCE ?? "cutover"),
    log,
    version,
    stateFile: process.env.CUTOVER_STATE ?? "/var/lib/cutover/state.db",
    controlSocket,
    gatewaySocket: process.env.CUTOVER_GATEWAY_SOCKET ?? "/run/cutover/gateway.sock",
    onFatal: (reason) => {
      log.fatal({ err: reason }, "ending, to be started again by the engine");
      process.exit(1);
    },
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void daemon[Symbol.asyncDispose]()
        .then(() => connection[Symbol.asyncDispose]())
        .then(() => process.exit(0));
    });
  }
}

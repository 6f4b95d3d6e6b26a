import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requestJson } from "../../../src/wire/json-client.ts";
import { freePort } from "../../../test/support/gateway.ts";
import { startPinned, untilListening } from "../pinned.ts";
import { benchApp, routingTable } from "../table.ts";
import { type RunningProxy, type ProxyKind, withDescendants } from "./proxy.ts";

const bundle = fileURLToPath(new URL("../../../dist/gateway.mjs", import.meta.url));

/** The gateway as it is built, with its defaults but for the number of workers; `net` asks for the second transport. */
export function gateway(transport: "raw" | "net"): ProxyKind {
  const name = transport === "net" ? "gateway-net" : "gateway";
  return {
    name,
    scales: true,
    version: async () => `Node ${process.versions.node}`,
    start: async ({ field, cpus, run, workers }): Promise<RunningProxy> => {
      const port = await freePort();
      const directory = join(field.directory, `${name}-${run}`);
      await mkdir(directory);
      const logFile = join(directory, "output.log");
      const socketPath = join(directory, "gateway.sock");
      const places = ["--socket", socketPath, "--snapshot", join(directory, "table.json")];
      const numbers = ["--http-port", String(port), "--bind", "127.0.0.1", "--workers", String(workers)];
      const others = transport === "net" ? ["--transport", "net"] : [];
      const command = [process.execPath, bundle, ...numbers, ...places, ...others];
      const pinned = startPinned(cpus, command, logFile);
      await untilListening(socketPath, pinned, logFile);
      await untilListening(port, pinned, logFile);
      await requestJson({ socketPath }, "PUT", "/v1/table", routingTable(field.backends));
      return {
        name,
        port,
        logFile,
        pids: () => withDescendants(pinned.pid),
        metrics: async () =>
          JSON.stringify(await requestJson({ socketPath }, "GET", `/v1/stats?app=${benchApp}&from=0`)),
        stop: pinned.stop,
      };
    },
  };
}

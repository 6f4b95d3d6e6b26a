import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../test/support/gateway.ts";
import { startPinned, untilListening } from "../pinned.ts";
import { fetchText, type RunningProxy, type ProxyKind, withDescendants } from "./proxy.ts";

const server = fileURLToPath(new URL("./http-proxy-server.ts", import.meta.url));
const manifest = new URL("../../../node_modules/http-proxy/package.json", import.meta.url);

/** The usual way in Node: `http` with `http-proxy`, in one process. */
export const httpProxy: ProxyKind = {
  name: "http-proxy",
  scales: false,
  version: async () => (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version,
  start: async ({ field, cpus, run }): Promise<RunningProxy> => {
    const [port, statistics] = [await freePort(), await freePort()];
    const logFile = join(field.directory, `http-proxy-${run}.log`);
    const quiet = ["--disable-warning=ExperimentalWarning", "--disable-warning=DEP0060"];
    const ports = [port, statistics, ...field.backends].map(String);
    const pinned = startPinned(cpus, [process.execPath, ...quiet, server, ...ports], logFile);
    await untilListening(port, pinned, logFile);
    return {
      name: "http-proxy",
      port,
      logFile,
      pids: () => withDescendants(pinned.pid),
      metrics: () => fetchText(`http://127.0.0.1:${statistics}/`),
      stop: pinned.stop,
    };
  },
};

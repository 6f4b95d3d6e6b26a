import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { freePort } from "../../../test/support/gateway.ts";
import { startPinned, untilListening } from "../pinned.ts";
import { apiPrefix, groups, hosts } from "../routes.ts";
import { fetchText, type RunningProxy, type ProxyKind, withDescendants } from "./proxy.ts";

/** As packaged, with one thread for a worker; `splice` passes large bodies on within the kernel. */
export function haproxy(splice: boolean): ProxyKind {
  const name = splice ? "haproxy-splice" : "haproxy";
  return {
    name,
    scales: true,
    version: async () => {
      const { stdout } = await execa("haproxy", ["-v"]);
      return /version (\d[\d.]*)/.exec(stdout)?.[1] ?? "unknown";
    },
    start: async ({ field, cpus, workers, run }): Promise<RunningProxy> => {
      const [port, statistics] = [await freePort(), await freePort()];
      const base = join(field.directory, `${name}-${run}`);
      const logFile = `${base}.log`;
      await writeFile(`${base}.map`, map());
      await writeFile(
        `${base}.cfg`,
        configuration({ port, statistics, base, workers, backends: field.backends, splice }),
      );
      const pinned = startPinned(cpus, ["haproxy", "-db", "-f", `${base}.cfg`], logFile);
      await untilListening(port, pinned, logFile);
      return {
        name,
        port,
        logFile,
        pids: () => withDescendants(pinned.pid),
        metrics: () => fetchText(`http://127.0.0.1:${statistics}/metrics`),
        stop: pinned.stop,
      };
    },
  };
}

/** Begin of host and path, and the backend for it: the longest that fits is taken. */
function map(): string {
  return hosts.map((host) => `${host}/ web\n${host}${apiPrefix}/ api\n`).join("");
}

interface Settings {
  port: number;
  statistics: number;
  base: string;
  workers: number;
  backends: readonly number[];
  splice: boolean;
}

function configuration({ port, statistics, base, workers, backends, splice }: Settings): string {
  const servers = backends.map((backend, index) => `  server s${index + 1} 127.0.0.1:${backend}\n`).join("");
  return `global
  nbthread ${workers}
  maxconn 7000
  no numa-cpu-mapping
  log stdout len 2048 format raw local0
  stats socket ${base}.sock mode 600 level admin
defaults
  mode http
  log global
  option httplog
  option redispatch
  retries 3
  http-reuse always
  balance leastconn
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 15s
  timeout http-keep-alive 65s
  timeout tunnel 1h
${splice ? "  option splice-response\n" : ""}frontend main
  bind 127.0.0.1:${port} backlog 4096
  capture request header Host len 64
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Real-IP %[src]
  http-request add-header Via "1.1 haproxy"
  use_backend %[base,lower,map_beg(${base}.map)]
${groups.map((group) => `backend ${group}\n${servers}`).join("")}frontend statistics
  bind 127.0.0.1:${statistics}
  no log
  http-request use-service prometheus-exporter
`;
}

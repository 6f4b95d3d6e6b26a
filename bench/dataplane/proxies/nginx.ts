import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { freePort } from "../../../test/support/gateway.ts";
import { startPinned, untilListening } from "../pinned.ts";
import { apiPrefix, groups, hosts } from "../routes.ts";
import { fetchText, type RunningProxy, type ProxyKind, withDescendants } from "./proxy.ts";

/** As packaged; `tuned` has buffers that an answer of 64 KiB fits into at once. */
export function nginx(tuned: boolean): ProxyKind {
  const name = tuned ? "nginx-tuned" : "nginx";
  return {
    name,
    scales: true,
    version: async () => (await execa("nginx", ["-v"])).stderr.replace(/^.*nginx\//, ""),
    start: async ({ field, cpus, workers, run }): Promise<RunningProxy> => {
      const [port, statistics] = [await freePort(), await freePort()];
      const directory = join(field.directory, `${name}-${run}`);
      const logFile = join(directory, "access.log");
      const output = join(directory, "output.log");
      await mkdir(directory, { mode: 0o755 });
      await writeFile(
        join(directory, "nginx.conf"),
        configuration({ port, statistics, workers, backends: field.backends, tuned }),
      );
      const pinned = startPinned(cpus, ["nginx", "-p", directory, "-c", "nginx.conf"], output);
      await untilListening(port, pinned, output);
      return {
        name,
        port,
        logFile,
        pids: () => withDescendants(pinned.pid),
        metrics: () => fetchText(`http://127.0.0.1:${statistics}/`),
        stop: pinned.stop,
      };
    },
  };
}

interface Settings {
  port: number;
  statistics: number;
  workers: number;
  backends: readonly number[];
  tuned: boolean;
}

function configuration({ port, statistics, workers, backends, tuned }: Settings): string {
  const servers = backends.map((backend) => `server 127.0.0.1:${backend};`).join(" ");
  return `worker_processes ${workers};
worker_rlimit_nofile 20000;
daemon off;
pid nginx.pid;
error_log error.log;
events { worker_connections 19000; }
http {
  log_format bench '$remote_addr [$time_local] $host "$request" $status $bytes_sent '
    '$request_id $upstream_addr $request_time $upstream_response_time';
  access_log access.log bench buffer=64k flush=1s;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server_names_hash_max_size 2048;
  keepalive_timeout 65s;
  keepalive_requests 100000;
${groups
  .map(
    (group) => `  upstream ${group} { least_conn; ${servers} keepalive 256; keepalive_requests 100000; }\n`,
  )
  .join("")}  map $http_upgrade $connection_field { default upgrade; '' ''; }
  proxy_http_version 1.1;
${tuned ? "  proxy_buffer_size 64k;\n  proxy_buffers 8 64k;\n  proxy_busy_buffers_size 128k;\n" : ""}  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_field;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header Via "1.1 nginx";
  server { listen 127.0.0.1:${port} default_server backlog=4096; return 404; }
  server { listen 127.0.0.1:${statistics}; access_log off; location / { stub_status; } }
${hosts.map((host) => server(host, port)).join("")}}
`;
}

function server(host: string, port: number): string {
  return `  server {
    listen 127.0.0.1:${port};
    server_name ${host};
    location / { proxy_pass http://web; }
    location ${apiPrefix}/ { proxy_pass http://api; }
  }
`;
}

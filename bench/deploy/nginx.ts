import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Stage } from "./stage.ts";

/** A running nginx with its own configuration; its directory is what `rotate.sh` works in. */
export interface Nginx {
  directory: string;
  stop(): Promise<void>;
}

/** Starts nginx on `port` before an upstream on `targetPort` of the loopback; resolves when it listens. */
export async function startNginx(stage: Stage, port: number, targetPort: number): Promise<Nginx> {
  const directory = join(stage.directory, "nginx");
  await mkdir(directory);
  // nginx's workers give up root and must still reach their temporary files.
  await Promise.all([stage.directory, directory].map((path) => chmod(path, 0o755)));
  await writeFile(join(directory, "nginx.conf"), configuration(port));
  await writeFile(join(directory, "upstream.conf"), `server 127.0.0.1:${targetPort};\n`);
  await writeFile(join(directory, "active"), "blue\n");
  const options = ["-p", directory, "-c", "nginx.conf"];
  await execa("nginx", ["-t", ...options]);
  const child = execa("nginx", [...options, "-g", "daemon off;"], { reject: false, stdin: "ignore" });
  return {
    directory,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit").catch(() => undefined);
    },
  };
}

/** What a manual for a reverse proxy says, with connections to the upstream kept. */
function configuration(port: number): string {
  return `worker_processes auto;
pid nginx.pid;
error_log error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream app {
    include upstream.conf;
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { freePort } from "../../../test/support/gateway.ts";
import { startPinned, untilListening } from "../pinned.ts";
import { apiPrefix, hosts } from "../routes.ts";
import { fetchText, type RunningProxy, type ProxyKind, withDescendants } from "./proxy.ts";

/**
 * One thread for Go code; its garbage collector and system calls may use others, on the same processor. All names stand
 * in one site, which Caddy finds fastest; with `sites` each has a site of its own, as names with targets of their own do.
 */
export function caddy(sites: boolean): ProxyKind {
  const name = sites ? "caddy-sites" : "caddy";
  return {
    name,
    scales: false,
    version: async () => (await execa("caddy", ["version"])).stdout.split(" ")[0] ?? "unknown",
    start: async ({ field, cpus, run }): Promise<RunningProxy> => {
      const [port, admin] = [await freePort(), await freePort()];
      const base = join(field.directory, `${name}-${run}`);
      const logFile = `${base}.log`;
      await writeFile(`${base}.conf`, configuration({ port, admin, backends: field.backends, sites }));
      const command = ["caddy", "run", "--adapter", "caddyfile", "--config", `${base}.conf`];
      const home = {
        HOME: field.directory,
        XDG_CONFIG_HOME: field.directory,
        XDG_DATA_HOME: field.directory,
      };
      const pinned = startPinned(cpus, command, logFile, { ...process.env, ...home, GOMAXPROCS: "1" });
      await untilListening(port, pinned, logFile);
      return {
        name,
        port,
        logFile,
        pids: () => withDescendants(pinned.pid),
        metrics: () => fetchText(`http://127.0.0.1:${admin}/metrics`),
        stop: pinned.stop,
      };
    },
  };
}

interface Settings {
  port: number;
  admin: number;
  backends: readonly number[];
  sites: boolean;
}

function configuration({ port, admin, backends, sites }: Settings): string {
  const servers = backends.map((backend) => `127.0.0.1:${backend}`).join(" ");
  const addresses = hosts.map((host) => `http://${host}:${port}`);
  const site = (names: string) => `${names} {\n  import proxied\n}\n`;
  return `{
  admin 127.0.0.1:${admin}
  auto_https off
  log default {
    output stdout
    format json
  }
  servers {
    metrics
  }
}
(upstream) {
  reverse_proxy ${servers} {
    lb_policy least_conn
    header_up X-Forwarded-Port ${port}
    header_up X-Real-IP {remote_host}
    header_up X-Request-Id {http.request.uuid}
    header_up Via "1.1 caddy"
    transport http {
      keepalive_idle_conns 1024
      keepalive_idle_conns_per_host 256
      compression off
    }
  }
}
(proxied) {
  bind 127.0.0.1
  log
  handle ${apiPrefix}/* {
    import upstream
  }
  handle {
    import upstream
  }
}
http://:${port} {
  bind 127.0.0.1
  log
  respond 404
}
${sites ? addresses.map(site).join("") : site(addresses.join(", "))}`;
}

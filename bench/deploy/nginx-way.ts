import { fileURLToPath } from "node:url";
import { type Nginx, startNginx } from "./nginx.ts";
import { firstGoodAnswer } from "./prober.ts";
import { appHealth, run, type Stage } from "./stage.ts";
import type { Way } from "./way.ts";

const script = fileURLToPath(new URL("./rotate.sh", import.meta.url));

/** Two compose projects behind nginx, rotated by `rotate.sh`. */
export function nginxWay(stage: Stage): Way {
  const project = stage.project("nginx");
  const { nginx: port, blue, green } = stage.ports;
  let nginx: Nginx | null = null;
  return {
    name: "nginx",
    url: `http://127.0.0.1:${port}`,
    start: async () => {
      const files = ["-f", "compose.yaml", "-f", "bench.yaml"];
      await run(stage, "docker", ["compose", "-p", `${project}-blue`, ...files, "up", "-d", "--no-build"], {
        VERSION: "0",
        PORT: blue,
      });
      nginx = await startNginx(stage, port, blue);
      await firstGoodAnswer("127.0.0.1", port, appHealth, stage.signal);
    },
    deploy: async (version) => {
      if (!nginx) throw new Error("nginx was not started");
      const from = Date.now();
      await run(stage, script, [], {
        PROJECT: project,
        VERSION: version,
        BLUE_PORT: blue,
        GREEN_PORT: green,
        NGINX_DIR: nginx.directory,
      });
      return { from, to: Date.now(), cutover: null };
    },
    stop: async () => nginx?.stop(),
  };
}

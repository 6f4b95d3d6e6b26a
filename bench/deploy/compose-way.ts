import { appHealth, run, type Stage } from "./stage.ts";
import { firstGoodAnswer } from "./prober.ts";
import type { Way } from "./way.ts";

/** `docker compose up -d` in place, as everybody does. */
export function composeWay(stage: Stage): Way {
  const project = stage.project("compose");
  const port = stage.ports.compose;
  const compose = (args: string[], version: string) =>
    run(stage, "docker", ["compose", "-p", project, "-f", "compose.yaml", "-f", "bench.yaml", ...args], {
      VERSION: version,
      PORT: port,
    });
  return {
    name: "compose",
    url: `http://127.0.0.1:${port}`,
    start: async () => {
      await compose(["up", "-d", "--no-build"], "0");
      await firstGoodAnswer("127.0.0.1", port, appHealth, stage.signal);
    },
    deploy: async (version) => {
      const from = Date.now();
      await compose(["up", "-d", "--no-build"], version);
      return { from, to: Date.now(), cutover: null };
    },
    stop: async () => {},
  };
}

import type { EngineConnection } from "../../src/engine/connection.ts";
import type { DeploymentEvent } from "../../src/model/events.ts";
import { label } from "../../src/model/labels.ts";
import { cutoverPath } from "../command-time.ts";
import { engineStart, watchStart } from "./containers.ts";
import { run, type Stage } from "./stage.ts";
import type { Way } from "./way.ts";

/** `cutover deploy`, with an installation of the bench's own. */
export function cutoverWay(stage: Stage, connection: EngineConnection): Way {
  const project = stage.project("cutover");
  const { cutover: port, http, https } = stage.ports;
  const files = ["-f", "compose.yaml", "-f", "bench.yaml", "-p", project];
  let web = "";

  const deploy = async (version: string): Promise<DeploymentEvent[]> => {
    const args = ["deploy", ...files, "--no-build", "--json"];
    const output = await run(stage, cutoverPath, args, { VERSION: version, PORT: port });
    return output
      .split("\n")
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as DeploymentEvent] : []));
  };

  return {
    name: "cutover",
    url: `http://127.0.0.1:${port}`,
    start: async () => {
      const ports = ["--http-port", String(http), "--https-port", String(https), "--bind", "127.0.0.1"];
      await run(stage, cutoverPath, ["up", ...ports], {});
      await deploy("0");
    },
    deploy: async (version) => {
      const own = new AbortController();
      const signal = AbortSignal.any([own.signal, stage.signal]);
      const watch = watchStart(connection, { [label.app]: project, [label.role]: "web" }, signal);
      try {
        await watch.watching;
        const from = Date.now();
        const events = await deploy(version);
        const to = Date.now();
        const outcome = events.findLast((event) => event.type === "outcome");
        if (!outcome?.receipt) throw new Error("cutover deploy printed no receipt");
        const { id, startedAt, firstGoodAt } = await watch.started;
        web = id;
        return { from, to, cutover: { events, receipt: outcome.receipt, startedAt, firstGoodAt } };
      } finally {
        own.abort();
      }
    },
    engineStart: () => engineStart(connection, web, `${project}-plain`, project, stage.signal),
    stop: async () => {
      await run(
        { ...stage, signal: new AbortController().signal },
        cutoverPath,
        ["down", "--all", "--yes"],
        {},
      );
    },
  };
}

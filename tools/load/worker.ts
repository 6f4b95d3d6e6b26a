import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { httpLanes } from "./http-lanes.ts";
import type { Command, Told } from "./messages.ts";
import { kinds, type LoadOptions } from "./options.ts";
import { type Lane, Recorder } from "./recorder.ts";
import { report } from "./report.ts";
import { sseLane } from "./sse-lane.ts";
import { websocketLane } from "./websocket-lane.ts";

/** The process that makes the load, forked by `startLoad`. */

const progressEveryMs = 50;
const ending = new AbortController();
const recorder = new Recorder();
let lanes: Promise<void>[] = [];
let timer: NodeJS.Timeout | undefined;

function tell(message: Told): void {
  if (process.connected) process.send?.(message);
}

function start({ url, host, mix, path }: LoadOptions): void {
  const lane: Lane = { url: new URL(url), host: host ?? null, recorder, signal: ending.signal };
  const { websocket, sse } = mix;
  lanes = httpLanes(lane, mix, path ?? "/");
  for (let i = 0; i < (websocket?.connections ?? 0); i += 1) {
    lanes.push(websocketLane(lane, websocket?.everyMs ?? 0));
  }
  for (let i = 0; i < (sse?.connections ?? 0); i += 1) lanes.push(sseLane(lane));
  const wanted = kinds.filter((kind) => mix[kind]);
  let underWay = false;
  timer = setInterval(() => {
    const { records } = recorder.seen;
    underWay ||= wanted.every((kind) => records.some((record) => record.kind === kind && !record.error));
    const { failures, latestVersion: version } = recorder;
    tell({ type: "progress", progress: { requests: records.length, failures, version, underWay } });
  }, progressEveryMs);
}

async function stop({ marks, order, recordsFile }: Command & { type: "stop" }): Promise<void> {
  clearInterval(timer);
  ending.abort();
  await Promise.all(lanes);
  recorder.seen.endedAt = Date.now();
  if (recordsFile !== null) {
    const file = createWriteStream(recordsFile);
    for (const record of recorder.seen.records) file.write(`${JSON.stringify(record)}\n`);
    file.end();
    await finished(file);
  }
  tell({ type: "report", report: report(recorder.seen, marks, order) });
  process.disconnect?.();
}

process.on("message", (command: Command) => {
  if (command.type === "start") start(command.options);
  else void stop(command);
});
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});

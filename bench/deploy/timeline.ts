import type { DeploymentEvent } from "../../src/model/events.ts";
import type { Receipt } from "../../src/model/receipt.ts";

/** What is known of one `cutover deploy`. Times are milliseconds since the epoch unless they end in `Ms`. */
export interface CutoverTimes {
  /** Every event of `--json`. */
  events: DeploymentEvent[];
  receipt: Receipt;
  /** The engine's time of the new container's start. */
  startedAt: number;
  /** First good answer to the bench's own prober. */
  firstGoodAt: number;
}

/** Stages from the command to the switch, in their order. */
export const stages = ["command", "prepare", "compose", "boot", "ready", "switch"] as const;

export type StageTimes = Record<(typeof stages)[number], number>;

/** What each stage is, for people. */
export const stageMeaning: Record<(typeof stages)[number], string> = {
  command: "command's start to the deployment's beginning: Node, compose config, control",
  prepare: "to the release accepted: images looked up, git, the release stored",
  compose: "to the engine's start of the container: tags, docker compose up",
  boot: "to the app's first good answer to the bench's prober",
  ready: "to readiness: Docker's health, the gateway's probe",
  switch: "to the switch acknowledged by every worker: looked at again, journalled, switched",
};

/** How long each stage from the command to the switch took, in milliseconds; null when an event is missing. Pure. */
export function stageTimes(from: number, times: CutoverTimes): StageTimes | null {
  const { events, receipt, startedAt, firstGoodAt } = times;
  const begun = events.find((event) => event.type === "begun");
  const release = events.find((event) => event.type === "release");
  const ready = events.find(
    (event) => event.type === "step" && event.step === "ready" && event.status === "done",
  );
  if (!begun || !release || !ready) return null;
  return {
    command: begun.at - from,
    prepare: release.at - begun.at,
    compose: startedAt - release.at,
    boot: firstGoodAt - startedAt,
    ready: ready.at - firstGoodAt,
    switch: receipt.switchedAt - ready.at,
  };
}

import { spreadOf } from "../spread.ts";
import type { Quiet } from "./leaks.ts";
import type { PhaseReport, SoakReport } from "./soak.ts";

/** The report as a person reads it. Pure. */
export function soakText({ seconds, start, phases, problems }: SoakReport): string {
  const sum = (value: (phase: PhaseReport) => number) =>
    phases.reduce((total, phase) => total + value(phase), 0);
  const requests = sum(({ load, pipelined }) => load.requests + pipelined.answers);
  const failed = sum(({ load, pipelined }) => load.failures + pipelined.failures.length);
  const switches = spreadOf(phases.flatMap(({ switchMs }) => switchMs));
  return [
    `${(seconds / 60).toFixed(1)} minutes, ${phases.length} phases, ${switches?.count ?? 0} switches`,
    `${failed} of ${requests} requests failed, ${sum(({ load }) => load.regressions)} answers went back a version`,
    `switch: median ${switches?.median.toFixed(1)} ms, longest ${switches?.max.toFixed(1)} ms`,
    `drains: ${sum(({ drains }) => drains.closedConnections)} long-lived connections closed, ${sum(({ drains }) => drains.cutRequests)} requests cut`,
    `WebSocket messages: ${sum(({ load }) => load.messages.websocket.echoed)}, events: ${sum(({ load }) => load.messages.sse.events)}, pipelined: ${sum(({ pipelined }) => pipelined.answers)}`,
    "",
    "at rest: resident MiB / heap MiB / MiB outside / sockets / handles",
    line("at the start", start),
    ...phases.map(({ quiet }, index) => line(`after phase ${index + 1}`, quiet)),
    "",
    ...(problems.length === 0
      ? ["nothing failed and nothing is left"]
      : problems.map((one) => `PROBLEM ${one}`)),
    "",
  ].join("\n");
}

function line(title: string, quiet: readonly Quiet[]): string {
  return `  ${title.padEnd(16)}${quiet.map((one) => cell(one).padEnd(44)).join("")}`.trimEnd();
}

function cell({ role, resident, heap, external, sockets, handles }: Quiet): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const count = Object.values(handles).reduce((total, one) => total + one, 0);
  return `${role} ${mib(resident)} / ${mib(heap)} / ${mib(external)} / ${sockets} / ${count}`;
}

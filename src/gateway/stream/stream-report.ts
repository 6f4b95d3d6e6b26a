import type { Destination } from "../destination.ts";
import type { TargetState } from "../target-state.ts";

/** What became of one connection that was passed on. Times are `performance.now()`. */
export interface StreamReport {
  listener: string;
  client: string;
  /** What a TLS client asked for; null for none, or where it is not looked at. */
  serverName: string | null;
  /** Null when no route was found, or it was not looked for. */
  destination: Destination | null;
  /** The target that the connection was passed on to, or the last that was tried. */
  target: TargetState | null;
  startedAt: number;
  endedAt: number;
  /** Milliseconds that the connection to the target took; -1 when none was made. */
  connectMs: number;
  /** Connections to targets that failed before. */
  retries: number;
  /** Bytes of the client that were passed on, and of the target. */
  bytesUp: number;
  bytesDown: number;
  /** Who ended it out of order, and how (a token); both "" when both sides ended it. */
  part: "" | "client" | "target" | "gateway";
  reason: string;
}

/** The fields of a log line about it. */
export function streamFields(report: StreamReport): Record<string, unknown> {
  const { destination, target, part } = report;
  return {
    kind: "stream",
    listener: report.listener,
    client: report.client,
    ...(report.serverName === null ? {} : { serverName: report.serverName }),
    bytesUp: report.bytesUp,
    bytesDown: report.bytesDown,
    ms: rounded(report.endedAt - report.startedAt),
    ...(report.connectMs < 0 ? {} : { connectMs: rounded(report.connectMs) }),
    ...(report.retries === 0 ? {} : { retries: report.retries }),
    ...(destination === null ? {} : placeOf(destination)),
    ...(target === null ? {} : { targetAddress: addressOf(target) }),
    ...(part === "" ? {} : { part, reason: report.reason }),
  };
}

function placeOf({ backend }: Destination): Record<string, unknown> {
  return { app: backend.app, release: backend.release, service: backend.service };
}

function addressOf({ address, port }: TargetState): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

import type { Kind } from "./options.ts";
import type { Observations } from "./report.ts";
import { type Closing, nowMicros, type RequestRecord } from "./record.ts";

/** Collects what all lanes see. */
export class Recorder {
  readonly seen: Observations = {
    startedAt: Date.now(),
    endedAt: 0,
    records: [],
    closings: [],
    opened: {},
    messages: { websocket: { sent: 0, echoed: 0, unanswered: 0 }, sse: { events: 0, missed: 0 } },
  };
  failures = 0;
  latestVersion: string | null = null;
  #connections = 0;
  #latestHead = 0;

  /** Number of a connection that was just made. */
  connection(kind: Kind): number {
    this.seen.opened[kind] = (this.seen.opened[kind] ?? 0) + 1;
    this.#connections += 1;
    return this.#connections;
  }

  request(record: RequestRecord): void {
    this.seen.records.push(record);
    if (record.error !== null) this.failures += 1;
    else if (record.version !== null && record.head !== null && record.head >= this.#latestHead) {
      this.#latestHead = record.head;
      this.latestVersion = record.version;
    }
  }

  closing(closing: Closing): void {
    this.seen.closings.push(closing);
  }

  /** A failure that belongs to no request of its own: a lost message, an unclean end. */
  failure(kind: Kind, connection: number, version: string | null, error: string): void {
    const at = nowMicros();
    this.request({ kind, connection, due: at, start: at, head: null, end: at, version, status: null, error });
  }
}

/** What every lane works with. */
export interface Lane {
  url: URL;
  host: string | null;
  recorder: Recorder;
  /** Aborts when the load ends: lanes finish the request they are at and return. */
  signal: AbortSignal;
}

import type { Kind } from "./options.ts";

/** One request and what became of it. Times are microseconds since the epoch, of one monotonic clock. */
export interface RequestRecord {
  kind: Kind;
  /** Which of the client's connections carried it, from 1; 0 when none was made. */
  connection: number;
  /** When it was to be sent by its rate; a stall of the load itself or of the server counts into the latency. */
  due: number;
  start: number;
  /** When the head of the answer had come; null when none came. */
  head: number | null;
  end: number;
  /** Version the answer named; null when it named none. */
  version: string | null;
  status: number | null;
  /** Why it failed; null when the right answer came whole. */
  error: string | null;
}

/** How a long-lived connection ended. */
export interface Closing {
  kind: "websocket" | "sse";
  connection: number;
  version: string | null;
  /** Microseconds since the epoch. */
  openedAt: number;
  closedAt: number;
  /** The server closed it, not this client at the load's end. */
  byServer: boolean;
  /** As the protocol says: a close frame; the last chunk of the response. */
  clean: boolean;
  /** WebSocket's close code; null for an event stream. */
  code: number | null;
  messages: number;
}

/** Microseconds since the epoch, by the clock that never steps back. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

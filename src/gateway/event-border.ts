/**
 * Finds the borders between events of a `text/event-stream` (HTML standard, 9.2.6): a blank line, with any of the
 * three line ends. Only the last bytes are kept.
 */
export interface EventTracker {
  tail: Buffer;
  started: boolean;
}

export function createEventTracker(): EventTracker {
  return { tail: Buffer.alloc(0), started: false };
}

/** True when nothing came yet, or the bytes so far end with a whole event. */
export function atEventBorder(tracker: EventTracker): boolean {
  return !tracker.started || /(\n\n|\r\r|\r\n\r\n)$/.test(tracker.tail.toString("latin1"));
}

export function trackEvents(tracker: EventTracker, chunk: Buffer): void {
  if (chunk.length === 0) return;
  tracker.started = true;
  tracker.tail = Buffer.from(chunk.length >= 4 ? chunk.subarray(-4) : lastFour(tracker.tail, chunk));
}

/** Number of bytes of the chunk up to its first border; null when it has none. */
export function eventBorderIn(tracker: EventTracker, chunk: Buffer): number | null {
  const before = tracker.tail.toString("latin1");
  const text = before + chunk.toString("latin1");
  for (const found of text.matchAll(/\r\n\r\n|\n\n|\r\r/g)) {
    const end = found.index + found[0].length - before.length;
    if (end > 0) return end;
  }
  return null;
}

function lastFour(tail: Buffer, chunk: Buffer): Buffer {
  return Buffer.concat([tail, chunk]).subarray(-4);
}

const kept = 8;

/** The last bytes of a `text/event-stream`, to see whether it stands between two events. */
export interface EventTracker {
  readonly tail: Uint8Array;
  /** Bytes in `tail`, at its end. */
  count: number;
}

export function createEventTracker(): EventTracker {
  return { tail: new Uint8Array(kept), count: 0 };
}

export function trackEvents(tracker: EventTracker, bytes: Uint8Array, start: number, end: number): void {
  const { tail } = tracker;
  const fresh = Math.min(kept, end - start);
  tail.copyWithin(0, fresh);
  for (let index = 0; index < fresh; index += 1)
    tail[kept - fresh + index] = bytes[end - fresh + index] as number;
  tracker.count = Math.min(kept, tracker.count + fresh);
}

/**
 * True when nothing came yet, or the bytes so far end with a blank line (HTML standard, 9.2.6: any of the three line ends).
 *
 * @param chunked the bytes are chunks: what counts stands before the line end of the last one
 */
export function atEventBorder(tracker: EventTracker, chunked: boolean): boolean {
  if (tracker.count === 0) return true;
  const end = chunked ? kept - 2 : kept;
  const [last, second, third, fourth] = [1, 2, 3, 4].map((back) => tracker.tail[end - back]);
  if (last === cr) return second === cr;
  return last === lf && (second === lf || (second === cr && third === lf && fourth === cr));
}

/** Offset after the first border in the bytes that follow; -1 when there is none. */
export function eventBorderIn(tracker: EventTracker, bytes: Uint8Array, start: number, end: number): number {
  const before = tracker.tail.subarray(kept - tracker.count);
  const text = Buffer.concat([before, bytes.subarray(start, end)]).toString("latin1");
  for (const found of text.matchAll(/\r\n\r\n|\n\n|\r\r/g)) {
    const past = found.index + found[0].length - before.length;
    if (past > 0) return start + past;
  }
  return -1;
}

/** Takes the line end of a chunk away, after which the bytes are no chunks any more. */
export function leaveChunks(tracker: EventTracker): void {
  tracker.tail.copyWithin(2, 0, kept - 2);
  tracker.count = Math.max(0, tracker.count - 2);
}

const cr = 13;
const lf = 10;

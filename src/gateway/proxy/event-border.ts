const kept = 16;

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
 * @param chunked the bytes are chunks, and end with one: what counts is its data. Where that is too short to tell, or
 * looks as if it were, the answer is false.
 */
export function atEventBorder(tracker: EventTracker, chunked: boolean): boolean {
  if (tracker.count === 0) return true;
  const { tail } = tracker;
  const end = chunked ? kept - 2 : kept;
  const [last, second, third, fourth] = [1, 2, 3, 4].map((back) => tail[end - back]);
  if (last === cr) return second === cr;
  if (last !== lf) return false;
  // The first of both may be the end of the line with the chunk's size, which is 1 then.
  if (second === lf) return !(chunked && third === cr);
  return second === cr && third === lf && fourth === cr && !(chunked && mayBeSize(tail, end - 5));
}

/** Whether the byte there ends a chunk's size of 2, so that the line after it is all of its data. */
function mayBeSize(tail: Uint8Array, at: number): boolean {
  if (tail[at] !== two) return false;
  let before = at - 1;
  while (before >= 0 && tail[before] === zero) before -= 1;
  return before < 0 || tail[before] === lf || tail[before] === 0;
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

/** The bytes are no chunks any more. What is kept of the last one is what is certain to be data. */
export function leaveChunks(tracker: EventTracker): void {
  const { tail } = tracker;
  const data = Math.min(tail[kept - 4] === lf ? 1 : 2, Math.max(0, tracker.count - 2));
  tail.copyWithin(2, 0, kept - 2);
  tail.fill(0, 0, kept - data);
  tracker.count = data;
}

const cr = 13;
const lf = 10;
const zero = 0x30;
const two = 0x32;

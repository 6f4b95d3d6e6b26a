/**
 * Follows the frame borders of one direction of a WebSocket (RFC 6455 section 5.2) without keeping any payload:
 * control frames may stand between any two frames (section 5.4), so a border is where a Close may be put in.
 */
export interface FrameTracker {
  /** Payload bytes of the current frame still to come. */
  remaining: number;
  /** Bytes of the current header seen so far. */
  header: number[];
  /** A Close frame's header was seen. */
  closed: boolean;
}

export function createFrameTracker(): FrameTracker {
  return { remaining: 0, header: [], closed: false };
}

/** True when the bytes so far end with a whole frame. */
export function atFrameBorder(tracker: FrameTracker): boolean {
  return tracker.remaining === 0 && tracker.header.length === 0;
}

/**
 * Moves the tracker over a chunk. With `stopAtBorder` it stops at the first border at or after the chunk's begin.
 *
 * @returns number of bytes that it moved over
 */
export function trackFrames(tracker: FrameTracker, chunk: Uint8Array, stopAtBorder = false): number {
  let at = 0;
  while (at < chunk.length) {
    if (stopAtBorder && atFrameBorder(tracker)) return at;
    if (tracker.remaining > 0) {
      const step = Math.min(tracker.remaining, chunk.length - at);
      tracker.remaining -= step;
      at += step;
      continue;
    }
    tracker.header.push(chunk[at] ?? 0);
    at += 1;
    const size = headerSize(tracker.header);
    if (size !== null && tracker.header.length === size) {
      if (((tracker.header[0] ?? 0) & 0x0f) === 0x8) tracker.closed = true;
      tracker.remaining = payloadLength(tracker.header);
      tracker.header = [];
    }
  }
  return at;
}

/** A Close frame with a status code (RFC 6455 section 5.5.1); what goes to a server must be masked (section 5.3). */
export function closeFrame(code: number, mask: Uint8Array | null): Buffer {
  const body = Buffer.from([code >> 8, code & 0xff]);
  if (mask === null) return Buffer.concat([Buffer.from([0x88, body.length]), body]);
  const key = Buffer.from([0, 1, 2, 3].map((index) => mask[index] ?? 0));
  const masked = body.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x88, 0x80 | body.length]), key, masked]);
}

function headerSize(header: number[]): number | null {
  const second = header[1];
  if (second === undefined) return null;
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
}

function payloadLength(header: number[]): number {
  const length = (header[1] ?? 0) & 0x7f;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  if (extended === 0) return length;
  return header.slice(2, 2 + extended).reduce((sum, byte) => sum * 256 + byte, 0);
}

const Stage = { first: 0, second: 1, length: 2, mask: 3 } as const;

/**
 * Follows the frame borders of one direction of a WebSocket (RFC 6455 section 5.2) without keeping any payload: control
 * frames may stand between any two frames (section 5.4), so a border is where a Close may be put in.
 */
export class FrameTracker {
  /** A Close frame's header was seen. */
  closed = false;
  /** Payload bytes of the current frame still to come. */
  #remaining = 0;
  #stage: number = Stage.first;
  #opcode = 0;
  /** Bytes of the current part of the header still to come. */
  #left = 0;
  #masked = false;

  /** The bytes so far end with a whole frame. */
  get atBorder(): boolean {
    return this.#remaining === 0 && this.#stage === Stage.first;
  }

  /**
   * Moves over bytes; with `stopAtBorder` only to the first border at or after the begin.
   *
   * @returns offset after the last byte that it moved over
   */
  track(bytes: Uint8Array, start: number, end: number, stopAtBorder = false): number {
    let at = start;
    while (at < end) {
      if (this.#stage === Stage.first) {
        if (this.#remaining > 0) {
          const step = Math.min(this.#remaining, end - at);
          this.#remaining -= step;
          at += step;
          continue;
        }
        if (stopAtBorder) return at;
      }
      this.#header(bytes[at] as number);
      at += 1;
    }
    return at;
  }

  #header(byte: number): void {
    if (this.#stage === Stage.first) {
      this.#opcode = byte & 0x0f;
      this.#stage = Stage.second;
    } else if (this.#stage === Stage.second) {
      const length = byte & 0x7f;
      this.#masked = (byte & 0x80) !== 0;
      this.#remaining = length < 126 ? length : 0;
      this.#left = length < 126 ? 0 : length === 126 ? 2 : 8;
      this.#stage = Stage.length;
      if (this.#left === 0) this.#lengthKnown();
    } else if (this.#stage === Stage.length) {
      this.#remaining = this.#remaining * 256 + byte;
      this.#left -= 1;
      if (this.#left === 0) this.#lengthKnown();
    } else {
      this.#left -= 1;
      if (this.#left === 0) this.#headerEnds();
    }
  }

  #lengthKnown(): void {
    if (!this.#masked) return this.#headerEnds();
    this.#stage = Stage.mask;
    this.#left = 4;
  }

  #headerEnds(): void {
    this.#stage = Stage.first;
    if (this.#opcode === 0x8) this.closed = true;
  }
}

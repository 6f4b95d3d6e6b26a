import { writeThree } from "./json-bytes.ts";
import { longestLine, type RequestOutcome, writeFailure, writeOutcome } from "./log-line.ts";
import { bufferBytes } from "./log-memory.ts";
import type { RequestNotes } from "./request-notes.ts";

/** Writes bytes, which stay as they are until it has; a rejection means that they are lost. */
export type LogWrite = (bytes: Uint8Array) => Promise<void>;

/** Lines in a buffer that is full or whose time has come. */
interface Batch {
  start: number;
  end: number;
  lines: number;
}

const comma = 0x2c;
const closingBrace = 0x7d;
const lineEnd = 0x0a;
const flushMs = 100;
/** A line, and one that says how many were dropped. */
const lineRoom = longestLine + 128;
const timeStart = new TextEncoder().encode('{"time":"2000-01-01T00:00:00.');
const timeEnd = new TextEncoder().encode('Z","kind":"request",');
const secondLength = "2000-01-01T00:00:00.".length;

/**
 * The access log of a worker: a line of JSON for each request, written many at a time. `time` is the request's begin.
 * Nothing waits for it: lines for which there is no memory are dropped, and a line says how many
 * (`{"time":…,"kind":"dropped","lines":…}`).
 */
export class AccessLog {
  /** Lines lost since the start: there was no memory for them, or they could not be written. */
  dropped = 0;
  readonly #notes: RequestNotes;
  readonly #bytes: Uint8Array;
  readonly #write: LogWrite;
  /** Wall clock less `performance.now()`; set anew now and then, since the wall clock is corrected. */
  #offset = 0;
  /** The wall clock's second that `#second` is written for. */
  #secondOf = Number.NaN;
  readonly #second = timeStart.slice();
  /** Where free buffers begin; the last is used first, so that few pages are touched. */
  readonly #free: number[];
  readonly #waiting: Batch[] = [];
  /** The buffer that is filled, up to `#at`. */
  #start: number;
  #at: number;
  #lines = 0;
  #unsaid = 0;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(notes: RequestNotes, write: LogWrite) {
    this.#notes = notes;
    this.#bytes = notes.memory.bytes;
    this.#write = write;
    this.#free = Array.from({ length: notes.memory.buffers }, (_, index) => index * bufferBytes).reverse();
    this.#start = this.#free.pop() ?? 0;
    this.#at = this.#start;
    this.#setClock();
  }

  /**
   * Adds the line of a request. Its note stays the caller's.
   *
   * @param client `clientSegment` of who asked
   * @param target `targetSegment` of what answered or should have, or `noTarget`
   */
  add(note: number, client: Uint8Array, target: Uint8Array, outcome: RequestOutcome): void {
    if (this.#at + lineRoom > this.#start + bufferBytes && !this.#turn()) {
      this.#lose(1);
      return;
    }
    if (this.#unsaid > 0) this.#sayDropped();
    const out = this.#bytes;
    let at = this.#writeTime(this.#at, outcome.startedAt);
    out.set(client, at);
    at += client.length;
    if (note >= 0) {
      at = this.#notes.copy(note, at);
      out[at] = comma;
      at += 1;
    }
    at = writeOutcome(out, at, outcome);
    out.set(target, at);
    at += target.length;
    if (outcome.part !== "") at = writeFailure(out, at, outcome);
    out[at] = closingBrace;
    out[at + 1] = lineEnd;
    this.#at = at + 2;
    this.#lines += 1;
    if (this.#timer === null) this.#startTimer();
  }

  /** Resolves when all lines that were added before are written or lost. */
  async flush(): Promise<void> {
    if (this.#unsaid > 0) this.#sayDropped();
    this.#turn();
    while (this.#writing !== null) await this.#writing;
    if (this.#at > this.#start) await this.flush();
  }

  /** Hands on the lines of the present buffer and begins another; false when there is none. */
  #turn(): boolean {
    if (this.#at === this.#start) return true;
    const next = this.#free.pop();
    if (next === undefined) return false;
    this.#waiting.push({ start: this.#start, end: this.#at, lines: this.#lines });
    this.#start = next;
    this.#at = next;
    this.#lines = 0;
    if (this.#writing === null) this.#writeWaiting();
    return true;
  }

  #writeWaiting(): void {
    this.#writing = this.#writeAll().then(() => {
      this.#writing = null;
      if (this.#waiting.length > 0) this.#writeWaiting();
    });
  }

  async #writeAll(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      try {
        await this.#write(this.#bytes.subarray(batch.start, batch.end));
      } catch {
        this.#lose(batch.lines);
      }
      this.#free.push(batch.start);
    }
  }

  #lose(lines: number): void {
    this.dropped += lines;
    this.#unsaid += lines;
  }

  /** There is room for it behind the last line of every buffer. */
  #sayDropped(): void {
    const time = new Date(performance.now() + this.#offset).toISOString();
    const line = new TextEncoder().encode(`{"time":"${time}","kind":"dropped","lines":${this.#unsaid}}\n`);
    if (this.#at + line.length > this.#start + bufferBytes) return;
    this.#bytes.set(line, this.#at);
    this.#at += line.length;
    this.#unsaid = 0;
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#setClock();
      this.#turn();
    }, flushMs);
    this.#timer.unref();
  }

  #setClock(): void {
    this.#offset = Date.now() - performance.now();
  }

  #writeTime(at: number, when: number): number {
    const wall = Math.floor(when + this.#offset);
    const second = Math.floor(wall / 1_000);
    if (second !== this.#secondOf) {
      this.#secondOf = second;
      const text = new Date(second * 1_000).toISOString().slice(0, secondLength);
      this.#second.set(new TextEncoder().encode(text), timeStart.length - secondLength);
    }
    this.#bytes.set(this.#second, at);
    const next = writeThree(this.#bytes, at + timeStart.length, wall - second * 1_000);
    this.#bytes.set(timeEnd, next);
    return next + timeEnd.length;
  }
}

import { MethodCode, type RequestHead } from "../http1/head.ts";
import { stoppedAt, writeEscaped } from "./json-bytes.ts";
import { type LogMemory, noteBytes } from "./log-memory.ts";

/** The note of a request of which nothing is known: its head was not understood. */
export const noNote = -1;

/** Most bytes of a method, a host and a path in a line, so that a line stays below 4,096 (`PIPE_BUF`). */
const methodLimit = 64;
const hostLimit = 512;
const pathLimit = 1_536;

const idName = ascii('"requestId":"');
const methodName = ascii('","method":"');
/** From the id's end to the host's begin, by method and minor version; nothing for methods without a code. */
const known = Object.entries(MethodCode).flatMap(([method, code]) =>
  [0, 1].map((minor) => {
    const text = `","protocol":"HTTP/1.${minor}","method":"${method.toUpperCase()}","host":"`;
    return ascii(code === MethodCode.other ? "" : text);
  }),
);
const hostName = ascii('","host":"');
const pathName = ascii('","path":"');
/** `…` in UTF-8 stands for what is left out. */
const ellipsis = new TextEncoder().encode("…");
const closingQuote = 0x22;
const questionMark = 0x3f;

/**
 * What is kept of requests in flight for their lines in the log, because the bytes of a head are gone by the
 * response's end. A note is a number; each that was given must be dropped once.
 *
 * A query is not kept, because it may hold credentials (RFC 6750 section 2.3): `/path?…` tells that there was one.
 */
export class RequestNotes {
  readonly memory: LogMemory;
  readonly #lengths: Uint16Array;
  readonly #idLengths: Uint8Array;
  /** Notes that are free: the last one given back is used first, so that few pages are touched. */
  readonly #free: Int32Array;
  #freeCount = 0;
  #next = 0;
  /** Notes that are too long for their room or beyond its number; theirs is `memory.notes` and up. */
  readonly #own: Uint8Array[] = [];
  readonly #ownIdLengths: number[] = [];
  readonly #ownFree: number[] = [];

  constructor(memory: LogMemory) {
    this.memory = memory;
    this.#lengths = new Uint16Array(memory.notes);
    this.#idLengths = new Uint8Array(memory.notes);
    this.#free = new Int32Array(memory.notes);
  }

  /** Number of notes that are kept. */
  get kept(): number {
    return this.#next - this.#freeCount + this.#own.length - this.#ownFree.length;
  }

  /**
   * @param bytes those that the head was read from
   * @param id bytes with the request id from `idStart` up to `idEnd`: one that was made here or found acceptable
   */
  keep(bytes: Uint8Array, head: RequestHead, id: Uint8Array, idStart: number, idEnd: number): number {
    const { bytes: own, scratch, notesStart } = this.memory;
    const length = writeNote(own, scratch, bytes, head, id, idStart, idEnd) - scratch;
    const note = length <= noteBytes ? this.#take() : noNote;
    if (note === noNote) return this.#keepOwn(own.slice(scratch, scratch + length), idEnd - idStart);
    own.copyWithin(notesStart + note * noteBytes, scratch, scratch + length);
    this.#lengths[note] = length;
    this.#idLengths[note] = idEnd - idStart;
    return note;
  }

  /** Copies a note to another place of the memory; returns the offset after it. */
  copy(note: number, at: number): number {
    if (note < 0) return at;
    const { bytes, notes, notesStart } = this.memory;
    if (note < notes) {
      const start = notesStart + note * noteBytes;
      const length = this.#lengths[note] as number;
      bytes.copyWithin(at, start, start + length);
      return at + length;
    }
    const own = this.#own[note - notes] as Uint8Array;
    bytes.set(own, at);
    return at + own.length;
  }

  /** The request's id; "" for no note. */
  requestId(note: number): string {
    if (note < 0) return "";
    const { bytes, notes, notesStart } = this.memory;
    const inside = note < notes;
    const from = inside ? bytes : (this.#own[note - notes] as Uint8Array);
    const start = (inside ? notesStart + note * noteBytes : 0) + idName.length;
    const length = inside ? (this.#idLengths[note] as number) : (this.#ownIdLengths[note - notes] as number);
    return String.fromCharCode(...from.subarray(start, start + length));
  }

  drop(note: number): void {
    const own = note - this.memory.notes;
    if (note < 0) return;
    if (own < 0) {
      this.#free[this.#freeCount] = note;
      this.#freeCount += 1;
    } else {
      this.#own[own] = nothing;
      this.#ownFree.push(own);
    }
  }

  #take(): number {
    if (this.#freeCount > 0) {
      this.#freeCount -= 1;
      return this.#free[this.#freeCount] as number;
    }
    if (this.#next === this.memory.notes) return noNote;
    this.#next += 1;
    return this.#next - 1;
  }

  #keepOwn(bytes: Uint8Array, idLength: number): number {
    const index = this.#ownFree.pop() ?? this.#own.length;
    this.#own[index] = bytes;
    this.#ownIdLengths[index] = idLength;
    return this.memory.notes + index;
  }
}

const nothing = new Uint8Array(0);

function writeNote(
  out: Uint8Array,
  start: number,
  bytes: Uint8Array,
  head: RequestHead,
  id: Uint8Array,
  idStart: number,
  idEnd: number,
): number {
  out.set(idName, start);
  let at = start + idName.length;
  for (let from = idStart; from < idEnd; from += 1, at += 1) out[at] = id[from] as number;
  const usual = known[head.method * 2 + head.minor] as Uint8Array;
  if (usual.length > 0 && head.authorityStart >= 0) {
    out.set(usual, at);
    at = writePart(out, at + usual.length, hostLimit, bytes, head.authorityStart, head.authorityEnd);
  } else at = writeUnusual(out, at, bytes, head);
  out.set(pathName, at);
  at = writePart(out, at + pathName.length, pathLimit, bytes, head.pathStart, head.pathEnd);
  if (head.queryEnd > head.pathEnd) {
    out[at] = questionMark;
    out.set(ellipsis, at + 1);
    at += 1 + ellipsis.length;
  }
  out[at] = closingQuote;
  return at + 1;
}

/** Protocol, method and host of a request with another method, or without a host. */
function writeUnusual(out: Uint8Array, start: number, bytes: Uint8Array, head: RequestHead): number {
  const protocol = ascii(`","protocol":"HTTP/1.${head.minor}`);
  out.set(protocol, start);
  let at = start + protocol.length;
  out.set(methodName, at);
  at = writePart(out, at + methodName.length, methodLimit, bytes, head.methodStart, head.methodEnd);
  if (head.authorityStart < 0) return at;
  out.set(hostName, at);
  return writePart(out, at + hostName.length, hostLimit, bytes, head.authorityStart, head.authorityEnd);
}

function writePart(
  out: Uint8Array,
  at: number,
  most: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const next = writeEscaped(out, at, at + most, bytes, start, end);
  if (stoppedAt() === end) return next;
  out.set(ellipsis, next);
  return next + ellipsis.length;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

import { isForbiddenTrailer, longestTrailerName } from "./forbidden-trailers.ts";
import { hexadecimal, Octet, tokens, values } from "./octets.ts";

/** Hexadecimal digits of a chunk's size, leading zeros included: the number stays exact. */
const mostDigits = 13;
const mostExtensionBytes = 256;
const mostTrailerBytes = 8_192;

/** Where in the grammar of RFC 9112 section 7.1 the next octet stands. */
const State = {
  firstDigit: 0,
  digits: 1,
  extensionName: 2,
  extensionValue: 3,
  extensionToken: 4,
  quoted: 5,
  quotedPair: 6,
  quotedEnd: 7,
  sizeLf: 8,
  data: 9,
  dataCr: 10,
  dataLf: 11,
  trailerStart: 12,
  trailerName: 13,
  trailerValue: 14,
  trailerLf: 15,
  lastLf: 16,
  done: 17,
  malformed: 18,
} as const;
type State = (typeof State)[keyof typeof State];

/** How far a chunked body has been read. */
export interface Chunks {
  state: State;
  /** Bytes of the chunk's data that are still to come, and its size while that is read. */
  remaining: number;
  /** Bytes of data that have passed. */
  content: number;
  /** Digits of the size, bytes of the extensions, or bytes of the trailer section so far. */
  count: number;
  /** Octets of the extension's or trailer field's name so far. */
  named: number;
  /** The name of a trailer field, as far as it has been read. */
  readonly name: Uint8Array;
  /** The last byte of the body has been read. */
  done: boolean;
  /** Why the body is malformed; empty while it is not. */
  reason: string;
  /** After `decodeChunks`: end of the decoded data. */
  dataEnd: number;
}

/** A record for a chunked body, at its beginning. */
export function createChunks(): Chunks {
  return {
    state: State.firstDigit,
    remaining: 0,
    content: 0,
    count: 0,
    named: 0,
    name: new Uint8Array(longestTrailerName + 1),
    done: false,
    reason: "",
    dataEnd: 0,
  };
}

/** The next byte begins a chunk. */
export function isBetweenChunks(chunks: Chunks): boolean {
  return chunks.state === State.firstDigit;
}

/** Makes a record ready for another body. */
export function resetChunks(chunks: Chunks): void {
  chunks.state = State.firstDigit;
  chunks.remaining = 0;
  chunks.content = 0;
  chunks.count = 0;
  chunks.named = 0;
  chunks.done = false;
  chunks.reason = "";
  chunks.dataEnd = 0;
}

/**
 * Reads on in a chunked body whose bytes are passed on as they are (RFC 9112 section 7.1). No white space is accepted
 * around sizes and extensions, and no trailer field that frames, routes, authenticates or controls (RFC 9110 section
 * 6.5.1). Sizes have up to 13 digits, the extensions of a chunk 256 bytes, the trailer section 8 KiB.
 *
 * @returns the offset after the last byte that belongs to the body: `end` unless `chunks.done`; -1 when it is
 * malformed (`chunks.reason`), now and for every later call
 */
export function scanChunks(chunks: Chunks, bytes: Uint8Array, start: number, end: number): number {
  return advance(chunks, bytes, start, end, false);
}

/**
 * Like `scanChunks`, but moves the data of the chunks together at `start`, for a recipient that does not know the
 * coding. The data stands from `start` up to `chunks.dataEnd`; bytes between it and the returned offset are spoilt,
 * bytes after that offset are as they were.
 */
export function decodeChunks(chunks: Chunks, bytes: Uint8Array, start: number, end: number): number {
  chunks.dataEnd = start;
  return advance(chunks, bytes, start, end, true);
}

function advance(chunks: Chunks, bytes: Uint8Array, start: number, end: number, decode: boolean): number {
  let p = start;
  while (p < end) {
    if (chunks.state === State.data) {
      const size = Math.min(chunks.remaining, end - p);
      if (decode) {
        if (chunks.dataEnd !== p) bytes.copyWithin(chunks.dataEnd, p, p + size);
        chunks.dataEnd += size;
      }
      chunks.remaining -= size;
      chunks.content += size;
      p += size;
      if (chunks.remaining > 0) break;
      chunks.state = State.dataCr;
      continue;
    }
    if (chunks.state >= State.done) break;
    chunks.state = next(chunks, bytes[p] as number);
    p += 1;
  }
  chunks.done = chunks.state === State.done;
  return chunks.state === State.malformed ? -1 : p;
}

/** Reads one octet outside of a chunk's data, and returns the state after it. */
function next(chunks: Chunks, octet: number): State {
  switch (chunks.state) {
    case State.firstDigit:
    case State.digits:
      return nextOfSize(chunks, octet);
    case State.sizeLf:
      if (octet !== Octet.lf) return malformed(chunks, "bare-cr");
      chunks.count = 0;
      return chunks.remaining > 0 ? State.data : State.trailerStart;
    case State.dataCr:
      return octet === Octet.cr ? State.dataLf : malformed(chunks, "chunk-end");
    case State.dataLf:
      return octet === Octet.lf ? State.firstDigit : malformed(chunks, "chunk-end");
    case State.trailerStart:
    case State.trailerName:
    case State.trailerValue:
    case State.trailerLf:
      return nextOfTrailer(chunks, octet);
    case State.lastLf:
      return octet === Octet.lf ? State.done : malformed(chunks, "bare-cr");
    default:
      return nextOfExtension(chunks, octet);
  }
}

function nextOfSize(chunks: Chunks, octet: number): State {
  const digit = hexadecimal[octet] as number;
  if (chunks.state === State.firstDigit) {
    if (digit < 0) return malformed(chunks, "chunk-size");
    chunks.remaining = digit;
    chunks.count = 1;
    return State.digits;
  }
  if (digit >= 0) {
    if (++chunks.count > mostDigits) return malformed(chunks, "chunk-size");
    chunks.remaining = chunks.remaining * 16 + digit;
    return State.digits;
  }
  chunks.count = 0;
  return afterSize(chunks, octet, "chunk-size");
}

/** What may follow a size and every complete extension. */
function afterSize(chunks: Chunks, octet: number, reason: string): State {
  if (octet === Octet.cr) return State.sizeLf;
  if (octet !== Octet.semicolon) return malformed(chunks, octet === Octet.lf ? "bare-lf" : reason);
  chunks.named = 0;
  return State.extensionName;
}

function nextOfExtension(chunks: Chunks, octet: number): State {
  if (++chunks.count > mostExtensionBytes) return malformed(chunks, "long-extension");
  const isToken = tokens[octet] !== 0;
  switch (chunks.state) {
    case State.extensionName:
      if (isToken) {
        chunks.named += 1;
        return State.extensionName;
      }
      if (chunks.named > 0 && octet === Octet.equals) return State.extensionValue;
      if (chunks.named > 0) return afterSize(chunks, octet, "chunk-extension");
      break;
    case State.extensionValue:
      if (isToken) return State.extensionToken;
      if (octet === Octet.quote) return State.quoted;
      break;
    case State.extensionToken:
      return isToken ? State.extensionToken : afterSize(chunks, octet, "chunk-extension");
    case State.quoted:
      if (octet === Octet.quote) return State.quotedEnd;
      if (octet === Octet.backslash) return State.quotedPair;
      if (values[octet] === 1) return State.quoted;
      break;
    case State.quotedPair:
      if (values[octet] === 1) return State.quoted;
      break;
    case State.quotedEnd:
      return afterSize(chunks, octet, "chunk-extension");
  }
  return malformed(chunks, "chunk-extension");
}

function nextOfTrailer(chunks: Chunks, octet: number): State {
  if (++chunks.count > mostTrailerBytes) return malformed(chunks, "long-trailer");
  switch (chunks.state) {
    case State.trailerStart:
      if (octet === Octet.cr) return State.lastLf;
      if (tokens[octet] === 0) return malformed(chunks, "trailer-name");
      chunks.name[0] = octet;
      chunks.named = 1;
      return State.trailerName;
    case State.trailerName:
      if (tokens[octet] !== 0) {
        if (chunks.named < chunks.name.length) chunks.name[chunks.named++] = octet;
        return State.trailerName;
      }
      if (octet !== Octet.colon) return malformed(chunks, "trailer-name");
      if (isForbiddenTrailer(chunks.name, chunks.named)) return malformed(chunks, "forbidden-trailer");
      return State.trailerValue;
    case State.trailerValue:
      if (octet === Octet.cr) return State.trailerLf;
      if (values[octet] === 1) return State.trailerValue;
      return malformed(chunks, octet === Octet.lf ? "bare-lf" : "trailer-value");
    default:
      return octet === Octet.lf ? State.trailerStart : malformed(chunks, "bare-cr");
  }
}

function malformed(chunks: Chunks, reason: string): State {
  chunks.reason = reason;
  return State.malformed;
}

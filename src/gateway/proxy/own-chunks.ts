import { ascii } from "../http1/octets.ts";

/**
 * Frames bytes as one chunk in place (RFC 9112 section 7.1): the size goes before them, the line end behind. There must be
 * room for 16 bytes before and 2 behind.
 *
 * @returns offset of the chunk's first byte; its end is `end + 2`
 */
export function chunkInPlace(bytes: Uint8Array, start: number, end: number): number {
  const size = chunkSize(end - start);
  bytes.set(size, start - size.length);
  bytes[end] = 13;
  bytes[end + 1] = 10;
  return start - size.length;
}

/** The line that begins a chunk. */
export function chunkSize(length: number): Uint8Array {
  return ascii(`${length.toString(16)}\r\n`);
}

import { closeSync, constants, fstatSync, openSync, writeSync, write as writeTo } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { LogWrite } from "./access-log.ts";

const writeAsync = promisify(writeTo);

/** Up to so many bytes, the lines of several processes that write to one pipe stay whole (`PIPE_BUF` of pipe(7)). */
const pieceBytes = 4_096;
const lineEnd = 0x0a;
const shortestPauseMs = 4;
const longestPauseMs = 64;

export interface LogSink {
  write: LogWrite;
  close(): void;
}

/**
 * Writes lines to a descriptor that other processes write to as well, mostly standard output, without ever blocking
 * the event loop. A pipe is opened once more (by way of /proc), so that it can be made non-blocking for this user
 * alone; where that can't be done, and for all that is no pipe, writes are done by the thread pool.
 *
 * @param fd a descriptor that stays open
 */
export function openLogSink(fd: number): LogSink {
  const found = fstatSync(fd);
  if (found.isFile()) return { write: (bytes) => writeWhole(fd, bytes), close() {} };
  const own = found.isFIFO() ? reopen(fd) : null;
  if (own !== null) return { write: (bytes) => writePipe(own, bytes), close: () => closeSync(own) };
  return {
    async write(bytes) {
      for (const piece of piecesOf(bytes)) await writeWhole(fd, piece);
    },
    close() {},
  };
}

/** Parts of at most `pieceBytes` that end with a line, unless a single line is longer. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < bytes.length) {
    let end = Math.min(start + pieceBytes, bytes.length);
    if (end < bytes.length) {
      const border = bytes.lastIndexOf(lineEnd, end - 1);
      if (border >= start) end = border + 1;
      else {
        const next = bytes.indexOf(lineEnd, end);
        end = next < 0 ? bytes.length : next + 1;
      }
    }
    yield bytes.subarray(start, end);
    start = end;
  }
}

function reopen(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

/** Waits, longer and longer, while the pipe is full. */
async function writePipe(fd: number, bytes: Uint8Array): Promise<void> {
  let wait = shortestPauseMs;
  for (const piece of piecesOf(bytes)) {
    let done = 0;
    while (done < piece.length) {
      const count = tryWrite(fd, piece, done);
      done += count;
      if (count > 0) wait = shortestPauseMs;
      else {
        await pause(wait);
        wait = Math.min(wait * 2, longestPauseMs);
      }
    }
  }
}

/** Bytes that were taken; 0 when there is no room. */
function tryWrite(fd: number, bytes: Uint8Array, from: number): number {
  try {
    return writeSync(fd, bytes, from, bytes.length - from);
  } catch (error) {
    if (isFull(error)) return 0;
    throw error;
  }
}

async function writeWhole(fd: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += (await writeAsync(fd, bytes, done, bytes.length - done)).bytesWritten;
    } catch (error) {
      if (!isFull(error)) throw error;
      await pause(shortestPauseMs);
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

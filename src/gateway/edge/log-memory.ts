/** Bytes of lines that wait to be written; lines beyond them are dropped. */
export const mostPendingBytes = 8 * 1024 * 1024;
/** Bytes that are written at a time. */
export const bufferBytes = 64 * 1024;
/** Bytes of a note that is kept here; longer ones have memory of their own. */
export const noteBytes = 384;
/** Longest note: what `RequestNotes` lets method, host and path have, a request id, and the names between. */
export const longestNote = 2_560;

/**
 * The memory of an access log: buffers for lines, a place where notes are made, and room for notes. It is one piece,
 * so that a note is copied into a line without a view; pages that are never touched are never resident.
 */
export interface LogMemory {
  readonly bytes: Uint8Array;
  readonly buffers: number;
  readonly scratch: number;
  readonly notesStart: number;
  /** Notes that have room here. */
  readonly notes: number;
}

/** @param notes requests in flight that need no memory of their own */
export function createLogMemory(notes: number, pendingBytes = mostPendingBytes): LogMemory {
  const buffers = Math.max(2, Math.ceil(pendingBytes / bufferBytes));
  const scratch = buffers * bufferBytes;
  const notesStart = scratch + longestNote;
  return { bytes: new Uint8Array(notesStart + notes * noteBytes), buffers, scratch, notesStart, notes };
}

import { type ErrorCode, errorCatalogue } from "./error-catalogue.ts";

/** Where in a user's file an error is; line and column count from 1. */
export interface Position {
  file: string;
  line: number | null;
  column: number | null;
}

/** An error as it crosses a process border and as `--json` prints it. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  where: Position | null;
  /** What to do next. */
  hint: string;
  /** Lines that help to see the reason: a container's last output, compose's own message. */
  details: string[];
  /** Message of the underlying error. */
  cause: string | null;
}

export interface ErrorOptions {
  where?: Position;
  hint?: string;
  details?: string[];
  cause?: unknown;
}

/** Every error that a user sees. `code` is one of the catalogue's; the hint defaults to the catalogue's. */
export class CutoverError extends Error {
  override readonly name = "CutoverError";
  readonly code: ErrorCode;
  readonly where: Position | null;
  readonly hint: string;
  readonly details: string[];

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where ?? null;
    this.hint = options.hint ?? errorCatalogue[code].hint;
    this.details = options.details ?? [];
  }
}

/**
 * The transferable form of any thrown value; what is no CutoverError becomes `INTERNAL`, but for a disk that is full,
 * which no writer is to blame for.
 */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof CutoverError) {
    const cause = error.cause === undefined ? null : causeMessage(error.cause);
    return {
      code: error.code,
      message: error.message,
      where: error.where,
      hint: error.hint,
      details: error.details,
      cause,
    };
  }
  if (isDiskFull(error)) return errorBody(new CutoverError("DISK_FULL", causeMessage(error)));
  return {
    code: "INTERNAL",
    message: causeMessage(error),
    where: null,
    hint: errorCatalogue.INTERNAL.hint,
    details: error instanceof Error && error.stack ? error.stack.split("\n").slice(1, 6) : [],
    cause: null,
  };
}

/** The error an `ErrorBody` describes. */
export function fromErrorBody(body: ErrorBody): CutoverError {
  const options: ErrorOptions = { hint: body.hint, details: body.details };
  if (body.where) options.where = body.where;
  if (body.cause !== null) options.cause = body.cause;
  return new CutoverError(body.code, body.message, options);
}

function causeMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The system's ENOSPC and EDQUOT, and SQLITE_FULL (13) as node:sqlite gives it: `errcode`, extended ones in the high bits. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error && typeof error.errcode === "number") return (error.errcode & 0xff) === 13;
  return "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

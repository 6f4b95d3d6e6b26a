import { CutoverError } from "../model/error.ts";
import type { ErrorCode } from "../model/error-catalogue.ts";

/** Messages of the engine that mean something a user can act on, in the engine's own words. */
const known: { pattern: RegExp; code: ErrorCode }[] = [
  { pattern: /no space left on device|disk quota exceeded/i, code: "DISK_FULL" },
  {
    pattern:
      /could not find an available, non-overlapping IPv[46] address pool|all predefined address pools have been fully subnetted/i,
    code: "NO_ADDRESS_POOL",
  },
];

/** The catalogue's code for a message of the engine (or of compose, which repeats it); null when it is none of the known. */
export function knownFailure(message: string): ErrorCode | null {
  return known.find((entry) => entry.pattern.test(message))?.code ?? null;
}

/** The error for an answer with a status of 400 or more. `message` is the engine's own. */
export function answerFailure(request: string, status: number, message: string): CutoverError {
  const code = knownFailure(message) ?? "ENGINE_ERROR";
  return new CutoverError(code, `The engine refused ${request} (${status}): ${message}`);
}

/** The error for a request that got no answer, or lost it half way. `where` names the engine's address. */
export function transportFailure(where: string, cause: unknown): CutoverError {
  if (cause instanceof CutoverError) return cause;
  const code = errno(cause);
  if (code === "EACCES" || code === "EPERM") {
    return new CutoverError("ENGINE_DENIED", `This user may not use the engine at ${where}.`, { cause });
  }
  if (code === "ENOENT") {
    return new CutoverError("ENGINE_UNREACHABLE", `There is no engine at ${where}: no such socket.`, {
      cause,
    });
  }
  if (code === "ECONNREFUSED") {
    return new CutoverError("ENGINE_UNREACHABLE", `No engine listens at ${where}.`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CutoverError("ENGINE_UNREACHABLE", `The engine at ${where} does not answer: ${reason}`, {
    cause,
  });
}

/** The system's error code of a thrown value, looked for through AggregateError (several addresses tried) and causes. */
export function errno(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) {
    for (const inner of error.errors) {
      const code = errno(inner);
      if (code !== null) return code;
    }
  }
  return errno(error.cause);
}

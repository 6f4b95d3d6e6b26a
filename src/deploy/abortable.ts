import { CutoverError } from "../model/error.ts";

/**
 * The work's result, unless the signal aborts first; the work itself goes on.
 * @throws CutoverError ABORTED
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const given = Promise.withResolvers<never>();
  const onAbort = (): void => given.reject(new CutoverError("ABORTED", "the deployment was given up"));
  given.promise.catch(() => undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

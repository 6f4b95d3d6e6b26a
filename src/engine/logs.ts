import type { EngineConnection } from "./connection.ts";
import { inspectContainer } from "./containers.ts";
import { lineCutter } from "./lines.ts";
import { type Output, stdcopyReader } from "./stdcopy.ts";

/** A line of a container's output. */
export interface LogLine {
  stream: Output["stream"];
  line: string;
}

export interface LogOptions {
  /** Lines from the end to begin with; all when left out. */
  tail?: number;
  /** Goes on until the container ends. */
  follow?: boolean;
  /** Each line begins with the engine's RFC 3339 time. */
  timestamps?: boolean;
  signal?: AbortSignal;
}

/**
 * Lines of a container's output, oldest first. A container that is gone, or whose logging driver can't be read, has
 * none. An aborted signal ends the lines without an error.
 */
export async function* containerLines(
  connection: EngineConnection,
  id: string,
  options: LogOptions = {},
): AsyncGenerator<LogLine> {
  const container = await inspectContainer(connection, id);
  if (!container) return;
  try {
    const answer = await connection.stream({
      method: "GET",
      path: `/containers/${encodeURIComponent(id)}/logs`,
      query: {
        stdout: true,
        stderr: true,
        tail: options.tail,
        follow: options.follow,
        timestamps: options.timestamps,
      },
      // 500/501: the driver "does not support reading". 409: the container is being removed.
      allow: [404, 409, 500, 501],
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if ((answer.statusCode ?? 0) >= 400) {
      answer.resume();
      return;
    }
    yield* outputLines(answer, container.Config.Tty);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}

/** Cuts each of the two streams into lines by itself, so that a half line of one never ends up in the other's. */
async function* outputLines(bytes: AsyncIterable<Buffer>, tty: boolean): AsyncGenerator<LogLine> {
  const demultiplex = tty ? (data: Buffer): Output[] => [{ stream: "stdout", data }] : stdcopyReader();
  const cutters = { stdout: lineCutter(), stderr: lineCutter() };
  for await (const chunk of bytes) {
    for (const { stream, data } of demultiplex(chunk)) {
      for (const line of cutters[stream].push(data)) yield { stream, line };
    }
  }
  for (const stream of ["stdout", "stderr"] as const) {
    for (const line of cutters[stream].end()) yield { stream, line };
  }
}

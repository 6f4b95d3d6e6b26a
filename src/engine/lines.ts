const newline = 0x0a;
const carriageReturn = 0x0d;

/** Bytes after which a line without an end is given out in parts, so that a container can't fill our memory. */
export const longestLine = 64 * 1024;

/** Cuts bytes that come in any portions into lines; UTF-8 is decoded only once a line is whole. */
export interface LineCutter {
  push(chunk: Buffer): string[];
  /** What stands after the last line end; empty when nothing does. */
  end(): string[];
}

export function lineCutter(limit: number = longestLine): LineCutter {
  let parts: Buffer[] = [];
  let size = 0;

  function flush(): string {
    const line = Buffer.concat(parts);
    parts = [];
    size = 0;
    const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
    return line.toString("utf8", 0, end);
  }

  function push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    while (from < chunk.length) {
      const at = chunk.indexOf(newline, from);
      const end = at === -1 ? chunk.length : at;
      const room = limit - size;
      if (end - from > room) {
        parts.push(chunk.subarray(from, from + room));
        from += room;
        lines.push(flush());
        continue;
      }
      parts.push(chunk.subarray(from, end));
      size += end - from;
      from = end + 1;
      if (at !== -1) lines.push(flush());
    }
    return lines;
  }

  return { push, end: () => (size > 0 ? [flush()] : []) };
}

/** Lines of a stream. */
export async function* streamLines(stream: AsyncIterable<Buffer>, limit?: number): AsyncGenerator<string> {
  const cutter = lineCutter(limit);
  for await (const chunk of stream) yield* cutter.push(chunk);
  yield* cutter.end();
}

/** Values of a stream of JSON, one a line; empty lines are skipped. */
export async function* streamJson(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const line of streamLines(stream, Number.POSITIVE_INFINITY)) {
    if (line.trim() !== "") yield JSON.parse(line);
  }
}

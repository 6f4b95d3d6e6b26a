import type { Readable } from "node:stream";

/** Values of a newline-delimited JSON stream, in order; tolerates lines split over chunks. Throws SyntaxError on a bad line. */
export async function* readNdjson(stream: Readable): AsyncGenerator<unknown> {
  stream.setEncoding("utf8");
  let rest = "";
  for await (const chunk of stream) {
    rest += chunk;
    let end = rest.indexOf("\n");
    while (end >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.trim() !== "") yield JSON.parse(line);
      end = rest.indexOf("\n");
    }
  }
  if (rest.trim() !== "") yield JSON.parse(rest);
}

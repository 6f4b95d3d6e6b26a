import type { RequestShape } from "./routes.ts";
import { requestTexts } from "./routes.ts";

/** What came of one run of a load. Latencies in milliseconds. */
export interface LoadResult {
  requests: number;
  seconds: number;
  errors: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Text as a string of Lua. Pure. */
export function luaString(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\r", "\\r").replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** A script with which wrk sends the shape's requests in turn and prints its result as one line of JSON. Pure. */
export function wrkScript(shape: RequestShape): string {
  const texts = requestTexts(shape).map(luaString);
  return `local requests = {
  ${texts.join(",\n  ")}
}
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\nresult {"requests":%d,"seconds":%.6f,"errors":%d,"p50":%.4f,"p99":%.4f,"p999":%.4f,"max":%.4f}\\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3))
end
`;
}

/** The line that `wrkScript` prints. Pure. @throws when wrk printed none */
export function wrkResult(output: string): LoadResult {
  const line = /^result (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${output.slice(-2_000)}`);
  return loadResult(line);
}

/** Pure. @throws when a figure is missing */
export function loadResult(json: string): LoadResult {
  const value = JSON.parse(json) as Record<string, unknown>;
  const figure = (name: keyof LoadResult) => {
    const found = value[name];
    if (typeof found !== "number" || !Number.isFinite(found)) throw new Error(`no ${name} in ${json}`);
    return found;
  };
  return {
    requests: figure("requests"),
    seconds: figure("seconds"),
    errors: figure("errors"),
    p50: figure("p50"),
    p99: figure("p99"),
    p999: figure("p999"),
    max: figure("max"),
  };
}

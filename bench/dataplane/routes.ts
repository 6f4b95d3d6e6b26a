/** What is routed: names with two routes each, to two groups of the same two backends. */
export const hostCount = 200;
export const apiPrefix = "/api";
/** Names that the load asks for, spread over all. */
const askedHosts = 32;

export const hosts: readonly string[] = Array.from(
  { length: hostCount },
  (_, index) => `app-${index + 1}.bench.test`,
);

/** The group that a path belongs to. */
export type Group = "web" | "api";
export const groups: readonly Group[] = ["web", "api"];

/** Hosts and prefixes of the requests that a load repeats. Pure. */
export function askedRoutes(): { host: string; prefix: string }[] {
  const step = Math.floor(hostCount / askedHosts);
  return Array.from({ length: askedHosts }, (_, index) => hosts[index * step] ?? "").flatMap((host) => [
    { host, prefix: "" },
    { host, prefix: apiPrefix },
  ]);
}

export interface RequestShape {
  method: "GET" | "POST";
  /** Behind the prefix of the route. */
  path: string;
  fields: readonly (readonly [string, string])[];
  body: string;
}

/** The text of a request of that shape to each route of a load. Pure. */
export function requestTexts(shape: RequestShape): string[] {
  return askedRoutes().map(({ host, prefix }) => {
    const fields = [["Host", host], ...shape.fields].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const length = shape.body === "" ? "" : `Content-Length: ${shape.body.length}\r\n`;
    return `${shape.method} ${prefix}${shape.path} HTTP/1.1\r\n${fields}${length}\r\n${shape.body}`;
  });
}

/** What a current browser sends with a navigation, about 600 bytes. */
export const browserFields: readonly (readonly [string, string])[] = [
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["Accept-Language", "en-US,en;q=0.9"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Connection", "keep-alive"],
  ["Cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; csrf=abcdefghijklmnopqrstuvwxyz012345"],
  ["Cache-Control", "max-age=0"],
  ["Upgrade-Insecure-Requests", "1"],
  ["Sec-Fetch-Dest", "document"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Sec-Fetch-Site", "none"],
];

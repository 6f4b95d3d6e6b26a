/** What is requested. Every kind is optional; a rate of 0 sends the next request as soon as the last was answered. */
export interface Mix {
  /** GET on connections that are kept; `rate` is requests a second over all of them. */
  keepalive?: { connections: number; rate: number };
  /** GET with `Connection: close`, each on a connection of its own. */
  close?: { lanes: number; rate: number };
  /** POST whose body must come back byte for byte. */
  post?: { connections: number; rate: number; bytes: number };
  /** GET that the app answers after `ms` milliseconds. */
  slow?: { lanes: number; ms: number };
  /** WebSockets that send a message every `everyMs` and expect it back. */
  websocket?: { connections: number; everyMs: number };
  /** Event streams, followed and opened again as a browser's EventSource does. */
  sse?: { connections: number };
  /** GET of `mb` MiB, checked by length and SHA-256, `pauseMs` apart. */
  download?: { lanes: number; mb: number; pauseMs: number };
}

export type Kind = keyof Mix;

export const kinds: readonly Kind[] = ["keepalive", "close", "post", "slow", "websocket", "sse", "download"];

export interface LoadOptions {
  /** Origin, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Host header, where it is not the origin's. */
  host?: string;
  mix: Mix;
  /** Path of the plain GET; the other paths are those of `examples/node`. */
  path?: string;
  /** What the load's process is started through, for an engine on a network of its own: `nsenter --net=…`. */
  enter?: string[];
}

/** All kinds at rates that leave a small machine room for the deployment itself. */
export const fullMix: Mix = {
  keepalive: { connections: 16, rate: 400 },
  close: { lanes: 4, rate: 80 },
  post: { connections: 4, rate: 80, bytes: 4096 },
  slow: { lanes: 4, ms: 2000 },
  websocket: { connections: 4, everyMs: 100 },
  sse: { connections: 4 },
  download: { lanes: 1, mb: 10, pauseMs: 500 },
};

/** For an app of plain requests and answers, such as `examples/flask`. */
export const plainMix: Mix = {
  keepalive: { connections: 16, rate: 300 },
  close: { lanes: 4, rate: 60 },
  post: { connections: 4, rate: 60, bytes: 4096 },
  slow: { lanes: 4, ms: 2000 },
};

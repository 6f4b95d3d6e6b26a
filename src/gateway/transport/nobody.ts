import type { Endpoint } from "./transport.ts";

/** Uses a connection until its user is known. */
export const nobody: Endpoint = {
  connected: () => undefined,
  received: () => undefined,
  ended: () => undefined,
  drained: () => undefined,
  refused: () => undefined,
  failed: () => undefined,
};

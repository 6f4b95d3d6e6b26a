import type { Server } from "node:net";
import type { Listener } from "../model/route.ts";

/** Addresses to try in turn for a listener: every address is `::` with IPv4 in it, or `0.0.0.0` without IPv6. */
function addressesOf(host: string | null): string[] {
  return host === null ? ["::", "0.0.0.0"] : [host];
}

/**
 * Binds a server to a listener's address.
 *
 * @throws the system's error (`code`: EADDRINUSE, EACCES, EADDRNOTAVAIL)
 */
export async function bind(server: Server, listener: Pick<Listener, "host" | "port">): Promise<void> {
  let failure: unknown = null;
  for (const host of addressesOf(listener.host)) {
    try {
      await listen(server, host, listener.port);
      return;
    } catch (error) {
      failure = error;
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") break;
    }
  }
  throw failure;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(error);
    server.once("error", failed);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** Stops accepting; resolves when all of the server's connections have ended. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

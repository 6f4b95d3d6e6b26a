import { type Server, createServer } from "node:net";
import { CutoverError } from "../model/error.ts";
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

/**
 * Binds a listener's address and lets go of it again.
 *
 * @throws CutoverError PORT_TAKEN
 */
export async function tryBind(listener: Listener): Promise<void> {
  const server = createServer();
  try {
    await bind(server, listener);
  } catch (error) {
    throw portTaken(listener, error);
  }
  await closed(server);
}

/** The error that a user sees when a listener can't be bound. */
export function portTaken(listener: Listener, cause: unknown): CutoverError {
  const place = listener.host === null ? `port ${listener.port}` : `${listener.host}:${listener.port}`;
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === "EACCES"
      ? "may not be bound by the gateway"
      : code === "EADDRINUSE"
        ? "is in use"
        : `can't be bound (${code})`;
  return new CutoverError("PORT_TAKEN", `${place} ${why}`, { cause });
}

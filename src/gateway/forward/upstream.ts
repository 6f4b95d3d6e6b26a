import { Agent, type ClientRequestArgs } from "node:http";
import { type Socket, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Target } from "../../model/route.ts";

const connectTimeoutMs = 2_000;
/** Below the keep-alive of common servers (5 s in node, 75 s in nginx), so that mostly this side closes first. */
const idleMs = 4_000;
/** How long an answer is looked for on a connection that takes no more bytes. */
const lastWordsMs = 1_000;
/** Room for what targets set; node's default is 16 KiB. */
const maxHeaderSize = 64 * 1024;

/** The connections of one worker to targets. */
export interface Upstreams {
  /** Keeps connections; for requests that may be sent again if an idle one turns out to be closed. */
  pooled: Agent;
  /** A connection of its own for each request. */
  fresh: Agent;
  /** Closes idle connections to all other addresses (`address:port`) and keeps none to them from here on. */
  retain(addresses: ReadonlySet<string>): void;
  close(): void;
}

export function createUpstreams(): Upstreams {
  let kept: ReadonlySet<string> = new Set();
  const pooled = new TargetAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256 }, (name) =>
    kept.has(name),
  );
  const fresh = new TargetAgent({ keepAlive: false }, () => false);
  return {
    pooled,
    fresh,
    retain(addresses) {
      kept = addresses;
      for (const [name, sockets] of Object.entries(pooled.freeSockets)) {
        if (addresses.has(name)) continue;
        for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close() {
      pooled.destroy();
      fresh.destroy();
    },
  };
}

/** Options of a request to a target. */
export function upstreamOptions(
  target: Target,
  method: string,
  path: string,
  headers: string[],
  agent: Agent,
  allowHalfOpen = false,
): ClientRequestArgs & { allowHalfOpen: boolean } {
  const { address: host, port } = target;
  return { host, port, method, path, headers, agent, setHost: false, maxHeaderSize, allowHalfOpen };
}

class TargetAgent extends Agent {
  readonly #keeps: (name: string) => boolean;
  readonly #names = new WeakMap<Duplex, string>();

  constructor(options: ConstructorParameters<typeof Agent>[0], keeps: (name: string) => boolean) {
    super(options);
    this.#keeps = keeps;
  }

  override getName(options: { host?: string | null; port?: string | number | null } = {}): string {
    return nameOf(options);
  }

  override createConnection(options: ClientRequestArgs & { allowHalfOpen?: boolean }): Socket {
    const socket = connect({
      host: options.host ?? "",
      port: Number(options.port),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      allowHalfOpen: options.allowHalfOpen ?? false,
    });
    const timer = setTimeout(() => socket.destroy(new ConnectTimeout()), connectTimeoutMs);
    const stop = () => clearTimeout(timer);
    socket.once("connect", stop).once("close", stop);
    this.#names.set(socket, nameOf(options));
    readOnWhenWritingFails(socket);
    return socket;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (!this.#keeps(this.#names.get(socket) ?? "")) return false;
    return (super.keepSocketAlive(socket) as unknown) !== false;
  }
}

/**
 * A target may answer and close before it has read the whole body, so that writing fails while the answer still
 * waits to be read (RFC 9112 section 9.6). Node would drop both: here the failure is told only if reading brings
 * neither an answer nor a failure of its own.
 */
function readOnWhenWritingFails(socket: Socket): void {
  const { _write: write, _writev: writev } = socket;
  const patient = (callback: (error?: Error | null) => void) => (error?: Error | null) => {
    if (!error || socket.destroyed) {
      callback(error);
      return;
    }
    const timer = setTimeout(() => callback(error), lastWordsMs);
    socket.once("close", () => clearTimeout(timer));
  };
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, patient(callback));
  if (writev) socket._writev = (chunks, callback) => writev.call(socket, chunks, patient(callback));
}

function nameOf(options: { host?: unknown; port?: unknown }): string {
  return `${options.host}:${options.port}`;
}

/** No connection within two seconds. */
export class ConnectTimeout extends Error {
  readonly code = "ETIMEDOUT";

  constructor() {
    super(`no connection within ${connectTimeoutMs} ms`);
  }
}

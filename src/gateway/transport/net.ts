import { createConnection, type Server, type Socket } from "node:net";
import { Block } from "./block.ts";
import { NetConnection } from "./net-connection.ts";
import { nobody } from "./nobody.ts";
import { ReadBlocks, sharedSize } from "./read-blocks.ts";
import type { AcceptFailed, Connection, Endpoint, Transport } from "./transport.ts";

const keepAliveMs = 30_000;

/**
 * The public API of `node:net`, with read buffers of one's own where it allows them.
 *
 * @param shared what all accepted connections read into; it becomes a shared block
 */
export function createNetTransport(blocks = new ReadBlocks(), shared = new Block(sharedSize)): Transport {
  shared.shared = true;

  const accept = (
    server: Server,
    accepted: (connection: Connection) => Endpoint | null,
    failed: AcceptFailed = () => undefined,
  ): void => {
    if (!server.listening) throw new Error("the server does not listen");
    server.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? "EIO"));
    server.on("connection", (socket: Socket) => {
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      const connection = new NetConnection(shared, blocks, nobody);
      connection.attach(socket, true);
      const endpoint = accepted(connection);
      if (endpoint === null) connection.close();
      else if (!connection.closed) connection.endpoint = endpoint;
    });
  };

  const connect = (address: string, port: number, endpoint: Endpoint): Connection => {
    const connection = new NetConnection(blocks.take(), blocks, endpoint);
    const socket = createConnection({
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      allowHalfOpen: true,
      autoSelectFamily: false,
      lookup: noLookup,
      onread: {
        buffer: () => connection.nextBuffer(),
        callback: (size: number) => {
          connection.onRead(size);
          return true;
        },
      },
    });
    connection.attach(socket, false);
    return connection;
  };

  return { name: "net", blocks, accept, connect };
}

/** Names are not looked up. */
function noLookup(
  name: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException, address: string) => void,
): void {
  done(Object.assign(new Error(`${name} is no IP address`), { code: "EINVAL" }), "");
}

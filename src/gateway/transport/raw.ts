import type { Server } from "node:net";
import { Block } from "./block.ts";
import {
  connectHandle,
  handlesMissing,
  listeningHandle,
  newHandle,
  type Status,
  statusName,
  type TcpHandle,
} from "./handles.ts";
import { nobody } from "./nobody.ts";
import { keepAliveSeconds } from "./probing.ts";
import { RawConnection } from "./raw-connection.ts";
import { RawShare } from "./raw-share.ts";
import { ReadBlocks, sharedSize } from "./read-blocks.ts";
import type { AcceptFailed, Connection, Endpoint, Transport } from "./transport.ts";

/**
 * Node's TCP handles without streams around them: an internal API, so `testRaw` comes first.
 *
 * @param shared what all accepted connections read into; it becomes a shared block
 * @throws Error when there are no such handles
 */
export function createRawTransport(blocks = new ReadBlocks(), shared = new Block(sharedSize)): Transport {
  if (handlesMissing !== null) throw new Error(handlesMissing);
  const share = new RawShare(blocks, shared);

  const accept = (
    server: Server,
    accepted: (connection: Connection) => Endpoint | null,
    failed: AcceptFailed = () => undefined,
  ): void => {
    const listening = listeningHandle(server);
    if (listening === null) throw new Error("the server does not listen");
    listening.setNoDelay?.(true);
    listening.setKeepAlive?.(true, keepAliveSeconds);
    listening.onconnection = (status: Status, handle: TcpHandle | undefined) => {
      if (status !== 0 || handle === undefined) {
        failed(statusName(status));
        return;
      }
      const connection = new RawConnection(handle, share, true, nobody);
      const endpoint = accepted(connection);
      if (endpoint === null) {
        connection.close();
        return;
      }
      if (connection.closed) return;
      connection.endpoint = endpoint;
      connection.begin();
    };
  };

  const connect = (address: string, port: number, endpoint: Endpoint): Connection => {
    const handle = newHandle();
    const connection = new RawConnection(handle, share, false, endpoint);
    const status = connectHandle(handle, connection, address, port);
    if (status !== 0) {
      setImmediate(() => connection.onConnect(status));
      return connection;
    }
    handle.setNoDelay(true);
    share.probing.add(connection);
    return connection;
  };

  return { name: "raw", blocks, accept, connect };
}

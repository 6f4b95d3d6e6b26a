import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ByteReader, type Ending } from "./byte-reader.ts";
import { type ReadOptions, type ResponseText, readResponse } from "./http1-message.ts";

/** A connection that sends bytes to the letter and reads responses with no tolerance. */
export interface RawConnection extends Disposable {
  socket: Socket;
  reader: ByteReader;
  /** Text is latin1. Resolves when the kernel has it. */
  send(bytes: string | Buffer): Promise<void>;
  /** Sends part by part; `between` is waited for between two. */
  sendParts(parts: (string | Buffer)[], between: () => Promise<unknown>): Promise<void>;
  /** The next response. @throws Malformed, ConnectionEnded */
  response(options?: ReadOptions): Promise<ResponseText>;
  /** Sends a request and reads its response. */
  exchange(bytes: string | Buffer, options?: ReadOptions): Promise<ResponseText>;
  /** Sends FIN. */
  end(): void;
  /** Sends RST. */
  reset(): void;
  /** All that comes until the other side ends the connection, and how it does. */
  ended(): Promise<{ how: Ending; rest: string }>;
}

export async function openRaw(port: number, host = "127.0.0.1"): Promise<RawConnection> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  const reader = new ByteReader(socket);
  await once(socket, "connect");
  const send = (bytes: string | Buffer) =>
    new Promise<void>((resolve) => {
      // One that the other side has closed takes no more; what it said before is read all the same.
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
    });
  const response = (options?: ReadOptions) => readResponse(reader, options);
  return {
    socket,
    reader,
    send,
    async sendParts(parts, between) {
      for (const [index, part] of parts.entries()) {
        if (index > 0) await between();
        await send(part);
      }
    },
    response,
    async exchange(bytes, options) {
      await send(bytes);
      return response(options);
    },
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    async ended() {
      const rest = (await reader.rest()).toString("latin1");
      return { how: reader.ending ?? "fin", rest };
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

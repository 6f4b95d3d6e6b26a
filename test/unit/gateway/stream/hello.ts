import { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";

/** What a TLS client of node begins a connection with. */
export function realHello(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const wire = new Duplex({
      read() {},
      write(bytes: Buffer, _encoding, done) {
        resolve(Buffer.from(bytes));
        done();
        setImmediate(() => socket.destroy());
      },
    });
    const socket = connect({ ...options, socket: wire });
    socket.on("error", reject);
  });
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function vector16(...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint16(content.length), content]);
}

export function vector8(...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([content.length]), content]);
}

export function extension(type: number, content: Uint8Array): Buffer {
  return Buffer.concat([uint16(type), vector16(content)]);
}

/** A server_name extension with names of type host_name. */
export function serverNames(...names: (string | Uint8Array)[]): Buffer {
  const entries = names.map((name) =>
    Buffer.concat([Buffer.from([0]), vector16(Buffer.from(name as string))]),
  );
  return extension(0, vector16(...entries));
}

export interface HelloParts {
  version?: number;
  session?: Uint8Array;
  ciphers?: Uint8Array;
  compressions?: Uint8Array;
  /** Null for a hello that ends before them. */
  extensions?: Uint8Array[] | null;
  after?: Uint8Array;
}

/** A ClientHello as a handshake message. */
export function helloMessage(parts: HelloParts = {}): Buffer {
  const { extensions = [serverNames("one.example")] } = parts;
  const body = Buffer.concat([
    uint16(parts.version ?? 0x0303),
    Buffer.alloc(32, 7),
    vector8(parts.session ?? Buffer.alloc(32, 9)),
    vector16(parts.ciphers ?? Buffer.from([0x13, 1, 0x13, 2])),
    vector8(parts.compressions ?? Buffer.from([0])),
    ...(extensions === null ? [] : [vector16(...extensions)]),
    parts.after ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([Buffer.from([1, 0]), vector16(body)]);
}

/** Handshake records with at most so many bytes each. */
export function records(message: Uint8Array, size = 16_384): Buffer {
  const made: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    made.push(Buffer.concat([Buffer.from([22, 3, 1]), vector16(message.subarray(at, at + size))]));
  }
  return Buffer.concat(made);
}

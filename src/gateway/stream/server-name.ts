export type ServerNameRead =
  /** It may become a ClientHello with more bytes. */
  | { kind: "more" }
  /** Lower case; null when the client names no server. */
  | { kind: "name"; name: string | null }
  /** A token for the log. */
  | { kind: "bad"; reason: string };

/** Largest ClientHello that is taken, with its record headers. Those in use have up to two thousand bytes. */
export const longestHello = 16_384;

const more: ServerNameRead = { kind: "more" };
const recordHeader = 5;
const messageHeader = 4;
const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const hostName = 0;
const longestName = 255;

/**
 * Reads the server name (SNI) that a TLS client asks for, from the bytes with which it begins a connection: the
 * ClientHello (RFC 8446 section 4.1.2) in one or more records (5.1), and in it the server_name extension (RFC 6066
 * section 3). Bytes from `end` on are not there yet. Never throws. What a name or a hello may not be is refused, so that
 * this and the server that gets the connection can't read two names in the same bytes.
 */
export function readServerName(bytes: Uint8Array, start: number, end: number): ServerNameRead {
  const known = bytes.subarray(start, Math.min(end, start + longestHello));
  const message = helloMessage(known, end - start >= longestHello);
  return message instanceof Uint8Array ? nameIn(new Reader(message)) : message;
}

/** The ClientHello's body out of its records. */
function helloMessage(bytes: Uint8Array, isAll: boolean): Uint8Array | ServerNameRead {
  const short = isAll ? bad("hello-too-long") : more;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let at = 0; ; ) {
    // What is known of a record's header must be right, so that garbage is found out at its first byte.
    if (at < bytes.length && bytes[at] !== handshakeRecord) return bad("no-tls-handshake");
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return bad("no-tls-version");
    if (at + recordHeader > bytes.length) return short;
    const length = uint16(bytes, at + 3);
    if (length === 0 || length > longestHello) return bad("bad-record-length");
    const part = bytes.subarray(at + recordHeader, at + recordHeader + length);
    parts.push(part);
    size += part.length;
    at += recordHeader + length;
    const first = (parts[0] as Uint8Array)[0];
    if (first !== undefined && first !== clientHello) return bad("no-client-hello");
    if (size >= messageHeader) {
      const whole = joined(parts, size);
      const wanted = (((whole[1] as number) << 16) | uint16(whole, 2)) + messageHeader;
      if (wanted + recordHeader > longestHello) return bad("hello-too-long");
      if (size >= wanted) return whole.subarray(messageHeader, wanted);
    }
    if (at > bytes.length) return short;
  }
}

function joined(parts: Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  parts.splice(0, parts.length, whole);
  return whole;
}

/** RFC 8446 section 4.1.2; extensions may be missing in a hello of TLS 1.2 and older (RFC 5246 section 7.4.1.2). */
function nameIn(hello: Reader): ServerNameRead {
  const version = hello.take(2);
  if (version !== null && version[0] !== 3) return bad("no-tls-version");
  hello.take(32);
  const session = hello.vector(1);
  const ciphers = hello.vector(2);
  const compressions = hello.vector(1);
  if (session === null || ciphers === null || compressions === null) return bad("bad-hello");
  if (session.length > 32 || ciphers.length < 2 || ciphers.length % 2 !== 0 || compressions.length === 0) {
    return bad("bad-hello");
  }
  if (hello.isEmpty) return { kind: "name", name: null };
  const extensions = hello.vector(2);
  if (extensions === null || !hello.isEmpty) return bad("bad-extensions");
  const list = new Reader(extensions);
  let found: ServerNameRead | null = null;
  while (!list.isEmpty) {
    const type = list.take(2);
    const content = list.vector(2);
    if (type === null || content === null) return bad("bad-extensions");
    if (uint16(type, 0) !== serverNameExtension) continue;
    if (found !== null) return bad("two-server-names");
    found = nameOf(content);
  }
  return found ?? { kind: "name", name: null };
}

/** RFC 6066 section 3: a list with one name of each type, of which there is only one. */
function nameOf(extension: Uint8Array): ServerNameRead {
  const outer = new Reader(extension);
  const list = outer.vector(2);
  if (list === null || !outer.isEmpty) return bad("bad-server-name");
  const names = new Reader(list);
  const type = names.take(1);
  const name = names.vector(2);
  if (type === null || type[0] !== hostName || name === null) return bad("bad-server-name");
  if (!names.isEmpty) return bad("two-server-names");
  if (name.length === 0 || name.length > longestName || !name.every(isNameByte))
    return bad("bad-server-name");
  return { kind: "name", name: String.fromCharCode(...name).toLowerCase() };
}

/** Letters, digits, hyphen, dot, and the underscore, which is in use though no host name has it. */
function isNameByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f
  );
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function bad(reason: string): ServerNameRead {
  return { kind: "bad", reason };
}

/** Reads one piece after another; null where there are too few bytes, and then always. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(size: number): Uint8Array | null {
    const begin = this.#at;
    if (begin + size > this.#bytes.length) {
      this.#at = Number.POSITIVE_INFINITY;
      return null;
    }
    this.#at = begin + size;
    return this.#bytes.subarray(begin, this.#at);
  }

  /** Bytes behind their own length, which takes one or two bytes. */
  vector(lengthBytes: 1 | 2): Uint8Array | null {
    const length = this.take(lengthBytes);
    if (length === null) return null;
    return this.take(lengthBytes === 1 ? (length[0] as number) : uint16(length, 0));
  }
}

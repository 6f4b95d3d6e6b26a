import type { ByteReader } from "./byte-reader.ts";

/** The head of a message, to the letter. */
export interface MessageText {
  /** As it came, with the empty line. */
  head: string;
  startLine: string;
  fields: [name: string, value: string][];
}

/** A whole response, read with no tolerance at all. */
export interface ResponseText extends MessageText {
  status: number;
  version: string;
  /** Responses with a status of 1xx that came before it. */
  interim: MessageText[];
  body: Buffer;
  trailers: [name: string, value: string][];
  framing: "none" | "length" | "chunked" | "close";
}

/** The bytes are no message by RFC 9112. */
export class Malformed extends Error {}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const fieldLine = new RegExp(`^(${token}):[ \\t]*([^\\0\\r\\n]*?)[ \\t]*$`);
const statusLine = /^(HTTP\/1\.[01]) ([1-5]\d\d) [^\0\r\n]*$/;

function fieldsOf(lines: string[]): [string, string][] {
  return lines.map((line) => {
    const [, name, value] = fieldLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Malformed(`field ${JSON.stringify(line)}`);
    return [name, value];
  });
}

/** All values of a field, in their order. */
export function valuesOf(message: { fields: [string, string][] }, name: string): string[] {
  return message.fields
    .filter(([each]) => each.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** The field's value, joined when it stands several times (RFC 9110 section 5.3); null when it is absent. */
export function fieldOf(message: { fields: [string, string][] }, name: string): string | null {
  const values = valuesOf(message, name);
  return values.length > 0 ? values.join(", ") : null;
}

/** @throws Malformed, ConnectionEnded */
export async function readHead(reader: ByteReader): Promise<MessageText> {
  const head = (await reader.until("\r\n\r\n")).toString("latin1");
  const [startLine = "", ...lines] = head.slice(0, -4).split("\r\n");
  return { head, startLine, fields: fieldsOf(lines) };
}

/** Reads a chunked body and gives its trailers. @throws Malformed, ConnectionEnded */
export async function readChunks(
  reader: ByteReader,
  take: (part: Buffer) => void,
): Promise<[string, string][]> {
  for (;;) {
    const line = (await reader.until("\r\n")).toString("latin1").slice(0, -2);
    const [, digits] = /^([0-9a-f]{1,15})(?:[ \t]*;[^\0\r\n]*)?$/i.exec(line) ?? [];
    if (digits === undefined) throw new Malformed(`chunk size ${JSON.stringify(line)}`);
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    await readLength(reader, size, take);
    const end = await reader.exactly(2);
    if (end.toString("latin1") !== "\r\n") throw new Malformed("a chunk does not end with CRLF");
  }
  const lines: string[] = [];
  for (;;) {
    const line = (await reader.until("\r\n")).toString("latin1").slice(0, -2);
    if (line === "") return fieldsOf(lines);
    lines.push(line);
  }
}

/** @throws ConnectionEnded */
export async function readLength(
  reader: ByteReader,
  length: number,
  take: (part: Buffer) => void,
): Promise<void> {
  for (let missing = length; missing > 0; ) {
    const part = (await reader.some(missing)) ?? (await reader.exactly(missing));
    missing -= part.length;
    take(part);
  }
}

export interface ReadOptions {
  /** What it answers: a HEAD has no body. */
  method?: string;
  /** Takes the body in parts, which is not kept then. */
  take?: (part: Buffer) => void;
  /** Called with the head before the body is read. */
  head?: (head: MessageText & { status: number }) => void;
}

/**
 * The next final response with the interim ones before it. A 101 is final; what follows it stays in the reader.
 *
 * @throws Malformed, ConnectionEnded
 */
export async function readResponse(reader: ByteReader, options: ReadOptions = {}): Promise<ResponseText> {
  const interim: MessageText[] = [];
  for (;;) {
    const message = await readHead(reader);
    const [, version = "", code = ""] = statusLine.exec(message.startLine) ?? [];
    if (code === "") throw new Malformed(`status line ${JSON.stringify(message.startLine)}`);
    const status = Number(code);
    if (status < 200 && status !== 101) {
      interim.push(message);
      continue;
    }
    options.head?.({ ...message, status });
    const parts: Buffer[] = [];
    const take = options.take ?? ((part: Buffer) => void parts.push(part));
    const { framing, trailers } = await readBody(reader, message, status, options.method ?? "GET", take);
    return { ...message, status, version, interim, body: Buffer.concat(parts), trailers, framing };
  }
}

async function readBody(
  reader: ByteReader,
  message: MessageText,
  status: number,
  method: string,
  take: (part: Buffer) => void,
): Promise<Pick<ResponseText, "framing" | "trailers">> {
  if (method === "HEAD" || status === 101 || status === 204 || status === 304)
    return { framing: "none", trailers: [] };
  const codings = valuesOf(message, "transfer-encoding");
  const lengths = valuesOf(message, "content-length");
  if (codings.length + lengths.length > 1) throw new Malformed(`framing of ${JSON.stringify(message.head)}`);
  if (codings.length === 1) {
    if (codings[0]?.toLowerCase() !== "chunked") throw new Malformed(`coding ${codings[0]}`);
    return { framing: "chunked", trailers: await readChunks(reader, take) };
  }
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0] ?? "")) throw new Malformed(`length ${lengths[0]}`);
    await readLength(reader, Number(lengths[0]), take);
    return { framing: "length", trailers: [] };
  }
  for (let part = await reader.some(); part !== null; part = await reader.some()) take(part);
  return { framing: "close", trailers: [] };
}

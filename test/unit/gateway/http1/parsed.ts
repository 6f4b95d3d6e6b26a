import { Buffer } from "node:buffer";
import {
  createRequestHead,
  createResponseHead,
  defaultHeadLimits,
  type HeadLimits,
  type MessageHead,
  parserRoom,
} from "../../../../src/gateway/http1/head.ts";
import { parseRequestHead } from "../../../../src/gateway/http1/request-head.ts";
import { parseResponseHead } from "../../../../src/gateway/http1/response-head.ts";

const begin = 7;

/** What a parser made of a text, as texts. `at` is the offset in the text, 0 or -1; `refusal` is empty or says why. */
interface Parsed {
  at: number;
  refusal: string;
  fields: [string, string][];
  codes: number[];
}

function memory(text: string): { bytes: Uint8Array; words: DataView; end: number; part: Part } {
  const buffer = Buffer.alloc(begin + text.length + parserRoom, 0x41);
  buffer.write(text, begin, "latin1");
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  const words = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  const part: Part = (start, end) => (start < 0 ? null : buffer.toString("latin1", start, end));
  return { bytes, words, end: begin + text.length, part };
}

type Part = (start: number, end: number) => string | null;

function parsed(head: MessageHead, offset: number, part: Part): Parsed {
  const fields: [string, string][] = [];
  for (let i = 0; offset > 0 && i < head.fieldCount; i++) {
    const [line = 0, nameEnd = 0, value = 0, valueEnd = 0] = head.fields.slice(i * 4, i * 4 + 4);
    fields.push([part(line, nameEnd) ?? "", part(value, valueEnd) ?? ""]);
  }
  return {
    at: offset > 0 ? offset - begin : offset,
    refusal: offset < 0 ? `${head.status} ${head.reason}` : "",
    fields,
    codes: [...head.codes.slice(0, fields.length)],
  };
}

/** Parses a request's head that ends with the text, or before. Checks that the memory is left as it was. */
export function parseRequest(text: string, limits: HeadLimits = defaultHeadLimits) {
  const { bytes, words, end, part } = memory(text);
  const before = bytes.slice();
  const head = createRequestHead(limits);
  const offset = parseRequestHead(bytes, words, begin, end, head, limits);
  if (Buffer.compare(before, bytes) !== 0) throw new Error("the parser changed the memory");
  return {
    ...parsed(head, offset, part),
    head,
    skipped: head.start - begin,
    method: part(head.methodStart, head.methodEnd),
    target: part(head.targetStart, head.targetEnd),
    path: part(head.pathStart, head.pathEnd),
    pathAndQuery: part(head.pathStart, head.queryEnd),
    authority: part(head.authorityStart, head.authorityEnd),
    host: part(head.authorityStart, head.hostEnd),
    upgrade: head.upgrade ? part(head.upgradeStart, head.upgradeEnd) : null,
  };
}

/** Parses a response's head; see `parseRequest`. */
export function parseResponse(text: string, limits: HeadLimits = defaultHeadLimits) {
  const { bytes, words, end, part } = memory(text);
  const before = bytes.slice();
  const head = createResponseHead(limits);
  const offset = parseResponseHead(bytes, words, begin, end, head, limits);
  if (Buffer.compare(before, bytes) !== 0) throw new Error("the parser changed the memory");
  return {
    ...parsed(head, offset, part),
    head,
    upgrade: head.upgrade ? part(head.upgradeStart, head.upgradeEnd) : null,
  };
}

/** Field lines with the empty line after them. */
export function lines(...text: string[]): string {
  return text
    .map((line) => `${line}\r\n`)
    .join("")
    .concat("\r\n");
}

/** A request for `/` of host `h` with more field lines. */
export function get(...fields: string[]): string {
  return lines("GET / HTTP/1.1", "Host: h", ...fields);
}

/** A response 200 with more field lines. */
export function ok(...fields: string[]): string {
  return lines("HTTP/1.1 200 OK", ...fields);
}

import { FieldCode } from "./head.ts";
import { ascii, Octet } from "./octets.ts";

/** Names of at least four octets that a gateway has to know; `te` and `via` are told apart by their length. */
const spellings: readonly [string, FieldCode][] = [
  ["host", FieldCode.host],
  ["connection", FieldCode.connection],
  ["keep-alive", FieldCode.keepAlive],
  ["proxy-connection", FieldCode.proxyConnection],
  ["trailer", FieldCode.trailer],
  ["upgrade", FieldCode.upgrade],
  ["transfer-encoding", FieldCode.transferEncoding],
  ["content-length", FieldCode.contentLength],
  ["expect", FieldCode.expect],
  ["x-forwarded-for", FieldCode.xForwardedFor],
  ["x-forwarded-proto", FieldCode.xForwardedProto],
  ["x-forwarded-host", FieldCode.xForwardedHost],
  ["x-forwarded-port", FieldCode.xForwardedPort],
  ["x-forwarded-server", FieldCode.xForwardedServer],
  ["x-real-ip", FieldCode.xRealIp],
  ["forwarded", FieldCode.forwarded],
  ["x-request-id", FieldCode.xRequestId],
  ["traceparent", FieldCode.traceparent],
  ["tracestate", FieldCode.tracestate],
  ["cookie", FieldCode.cookie],
  ["accept", FieldCode.accept],
  ["content-type", FieldCode.contentType],
  ["content-encoding", FieldCode.contentEncoding],
  ["http2-settings", FieldCode.http2Settings],
];

/** Makes letters lower case, four at a time. Tokens without underscore that spell a known name stay apart. */
const lower = 0x20202020;
const wordsPerName = 4;
/** By code: length of the name, its last four octets as a word, and the words before, `wordsPerName` a name. */
const lengths = new Uint8Array(32);
const tails = new Int32Array(32);
const heads = new Int32Array(32 * wordsPerName);
/** By hash of length and last four octets: the only code that it can be. */
const slots = new Uint8Array(64);

/** A hash without collisions among the names above. */
function slotOf(tail: number, length: number): number {
  return Math.imul(tail + length, 0x9e377a15) >>> 26;
}

for (const [spelling, code] of spellings) {
  const words = new DataView(ascii(spelling).buffer);
  const tail = words.getInt32(spelling.length - 4, true);
  const slot = slotOf(tail | lower, spelling.length);
  if (slots[slot] !== 0) throw new Error(`the hash of field names has a collision at ${spelling}`);
  slots[slot] = code;
  lengths[code] = spelling.length;
  tails[code] = tail;
  for (let i = 0; i * 4 < spelling.length - 4; i++) {
    heads[code * wordsPerName + i] = words.getInt32(i * 4, true);
  }
}

/**
 * The code of a field name, which is a token without an underscore.
 *
 * @param words reads across the name's end by up to three octets
 */
export function fieldCode(words: DataView, start: number, length: number): FieldCode {
  if (length < 4) return shortFieldCode(words, start, length);
  const last = start + length - 4;
  const tail = words.getInt32(last, true) | lower;
  const code = slots[slotOf(tail, length)] as FieldCode;
  if (tails[code] !== tail || lengths[code] !== length) return FieldCode.other;
  let at = code * wordsPerName;
  for (let p = start; p < last; p += 4) {
    if ((words.getInt32(p, true) | lower) !== heads[at++]) return FieldCode.other;
  }
  return code;
}

/** `te` and `via`. */
function shortFieldCode(words: DataView, start: number, length: number): FieldCode {
  const word = words.getInt32(start, true) | lower;
  if (length === 2 && (word & 0xffff) === 0x6574) return FieldCode.te;
  if (length === 3 && (word & 0xffffff) === 0x616976) return FieldCode.via;
  return FieldCode.other;
}

/**
 * What a field name with an underscore stands for with a server that takes `_` and `-` for the same (RFC 3875
 * section 4.1.18): `disguised` for fields that tell about the client, the code itself for those that frame a body.
 */
export function disguisedFieldCode(bytes: Uint8Array, start: number, end: number): FieldCode {
  for (const [spelling, code] of spellings) {
    if (spelling.length !== end - start || !resembles(bytes, start, spelling)) continue;
    if (code === FieldCode.contentLength || code === FieldCode.transferEncoding) return code;
    if (code >= FieldCode.xForwardedFor && code <= FieldCode.xRequestId) return FieldCode.disguised;
  }
  return FieldCode.other;
}

function resembles(bytes: Uint8Array, start: number, spelling: string): boolean {
  for (let i = 0; i < spelling.length; i++) {
    const octet = bytes[start + i] as number;
    const plain = octet === Octet.underscore ? Octet.dash : octet | 0x20;
    if (plain !== spelling.charCodeAt(i)) return false;
  }
  return true;
}

/** Fields beside those with a code that Connection may not name: they are meant for the last recipient. */
const endToEnd = [
  "authorization",
  "cache-control",
  "content-disposition",
  "content-language",
  "content-location",
  "content-range",
  "date",
  "etag",
  "location",
  "origin",
  "range",
  "set-cookie",
].map(ascii);

/** See `endToEnd`; the name is a token. */
export function isEndToEnd(bytes: Uint8Array, start: number, end: number): boolean {
  return endToEnd.some((name) => {
    if (name.length !== end - start) return false;
    return name.every((octet, i) => ((bytes[start + i] as number) | 0x20) === octet);
  });
}

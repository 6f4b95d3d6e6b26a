import { FieldCode, Framing, type RequestHead, type ResponseHead } from "../http1/head.ts";
import { ascii } from "../http1/octets.ts";

const eventStream = ascii("text/event-stream");
const webSocket = ascii("websocket");
const h2c = ascii("h2c");

/**
 * Whether an upgrade is passed on. `h2c` is not: the gateway does not speak it, and RFC 9110 section 7.8 lets a server
 * ignore an upgrade. Neither is one with a body, which would have to be read first.
 */
export function mayUpgrade(bytes: Uint8Array, head: RequestHead): boolean {
  if (!head.upgrade || head.minor !== 1) return false;
  if (head.framing === Framing.chunked || (head.framing === Framing.length && head.length > 0)) return false;
  return !startsWithToken(bytes, head.upgradeStart, head.upgradeEnd, h2c);
}

/** Whether the protocol that was agreed on is WebSocket. */
export function isWebSocket(bytes: Uint8Array, head: ResponseHead): boolean {
  return head.upgradeStart >= 0 && startsWithToken(bytes, head.upgradeStart, head.upgradeEnd, webSocket);
}

/** An event stream whose borders can be seen, and which can be ended early because its length is open. */
export function isEventStream(bytes: Uint8Array, head: ResponseHead): boolean {
  if (head.framing === Framing.length) return false;
  let found = false;
  for (let index = 0; index < head.fieldCount; index += 1) {
    const code = head.codes[index];
    if (code === FieldCode.contentEncoding) return false;
    if (code !== FieldCode.contentType) continue;
    const start = head.fields[index * 4 + 2] as number;
    found = startsWithToken(bytes, start, head.fields[index * 4 + 3] as number, eventStream);
  }
  return found;
}

/** The value's first element is this token, without regard to case. */
function startsWithToken(bytes: Uint8Array, start: number, end: number, token: Uint8Array): boolean {
  if (end - start < token.length) return false;
  for (let index = 0; index < token.length; index += 1) {
    const byte = bytes[start + index] as number;
    const lower = byte >= 65 && byte <= 90 ? byte | 32 : byte;
    if (lower !== token[index]) return false;
  }
  if (end - start === token.length) return true;
  const next = bytes[start + token.length] as number;
  return next === 0x3b || next === 0x20 || next === 0x09 || next === 0x2c;
}

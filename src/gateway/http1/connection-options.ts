import { fieldCode, isEndToEnd } from "./field-names.ts";
import { FieldCode, type MessageHead } from "./head.ts";
import { ascii, Octet, sameToken, spells, tokens } from "./octets.ts";

/** What Connection fields ask for; a set of bits. */
export const ConnectionOption = { none: 0, close: 1, keepAlive: 2, upgrade: 4 } as const;

const close = ascii("close");
/** Options beside `close`, `keep-alive` and `upgrade` that are looked up among the fields of a message. */
const mostNames = 32;

/** Codes that Connection may name: fields that are taken out in any case, and those without a meaning here. */
export const nameableInRequests = new Uint8Array(32);
for (const code of [
  FieldCode.other,
  FieldCode.connection,
  FieldCode.keepAlive,
  FieldCode.proxyConnection,
  FieldCode.te,
  FieldCode.trailer,
  FieldCode.upgrade,
  FieldCode.http2Settings,
]) {
  nameableInRequests[code] = 1;
}

/** Some servers name Transfer-Encoding too, as they may; it keeps its code and its meaning. */
export const nameableInResponses = nameableInRequests.slice();
nameableInResponses[FieldCode.transferEncoding] = 1;

/**
 * Reads one Connection field (RFC 9110 section 7.6.1) and gives the fields that it names the code `named`.
 *
 * @param nameable 1 for the codes that it may name
 * @returns a set of `ConnectionOption`; -1 when the value is not a list of tokens, names a field that is meant for
 * the last recipient, or names too many
 */
export function connectionOptions(
  bytes: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  head: MessageHead,
  nameable: Uint8Array,
): number {
  // The most common value; no octet of a value is taken for another one.
  if (fieldCode(words, start, end - start) === FieldCode.keepAlive) return ConnectionOption.keepAlive;
  let options: number = ConnectionOption.none;
  let names = 0;
  let p = start;
  for (;;) {
    while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab || bytes[p] === Octet.comma))
      p += 1;
    if (p >= end) return options;
    const token = p;
    while (p < end && tokens[bytes[p] as number] !== 0) p += 1;
    if (p === token) return -1;
    const code = fieldCode(words, token, p - token);
    if (code === FieldCode.keepAlive) options |= ConnectionOption.keepAlive;
    else if (code === FieldCode.upgrade) options |= ConnectionOption.upgrade;
    else if (spells(bytes, token, p, close)) options |= ConnectionOption.close;
    else if (nameable[code] === 0 || ++names > mostNames || isEndToEnd(bytes, token, p)) return -1;
    else if (code === FieldCode.other) markNamed(bytes, token, p, head);
    while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab)) p += 1;
    if (p < end && bytes[p] !== Octet.comma) return -1;
  }
}

function markNamed(bytes: Uint8Array, start: number, end: number, head: MessageHead): void {
  const { fields, codes, fieldCount } = head;
  for (let i = 0; i < fieldCount; i++) {
    if (codes[i] !== FieldCode.other) continue;
    if (sameToken(bytes, fields[i * 4] as number, fields[i * 4 + 1] as number, start, end)) {
      codes[i] = FieldCode.named;
    }
  }
}

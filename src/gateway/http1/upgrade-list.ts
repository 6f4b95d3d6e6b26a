import { Octet, tokens } from "./octets.ts";

/** Whether a value is a list of protocols, `name` or `name/version` each (RFC 9110 section 7.8). */
export function isUpgradeList(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  for (;;) {
    p = tokenEnd(bytes, p, end);
    if (p < 0) return false;
    if (p < end && bytes[p] === Octet.slash) {
      p = tokenEnd(bytes, p + 1, end);
      if (p < 0) return false;
    }
    while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab)) p += 1;
    if (p === end) return true;
    if (bytes[p] !== Octet.comma) return false;
    p += 1;
    while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab)) p += 1;
  }
}

/** The end of a token; -1 when there is none. */
function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && tokens[bytes[p] as number] !== 0) p += 1;
  return p === start ? -1 : p;
}

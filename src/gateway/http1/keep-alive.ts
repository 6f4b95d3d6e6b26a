import { ascii, decimal, Octet, spells } from "./octets.ts";

const timeout = ascii("timeout");
const longestTimeout = 6;

/** The seconds in a Keep-Alive field such as `timeout=5, max=100`; -1 when it names none that can be read. */
export function keepAliveTimeout(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end) {
    while (p < end && (bytes[p] === Octet.space || bytes[p] === Octet.tab || bytes[p] === Octet.comma))
      p += 1;
    const element = p;
    while (p < end && bytes[p] !== Octet.comma) p += 1;
    let equals = element;
    while (equals < p && bytes[equals] !== Octet.equals) equals += 1;
    if (!spells(bytes, element, equals, timeout)) continue;
    let last = p;
    while (last > equals && (bytes[last - 1] === Octet.space || bytes[last - 1] === Octet.tab)) last -= 1;
    return decimal(bytes, equals + 1, last, longestTimeout);
  }
  return -1;
}

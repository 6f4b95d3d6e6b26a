import { decimal, hexadecimal, hostOctets, Octet } from "./octets.ts";

const highestPort = 65_535;

/**
 * Checks host and port as they stand in a Host field or an absolute target: names of letters, digits, `-`, `_` and
 * single dots, IPv4 addresses, IPv6 addresses in brackets (RFC 3986 section 3.2.2), then a port of 1 to 5 digits.
 * Percent-encoding, other characters of RFC 3986's registered names and user information are not accepted.
 *
 * @returns where the host ends, without port and without a dot at its end; -1 when it is not valid
 */
export function hostEndOf(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === Octet.opening) return literalEnd(bytes, start, end);
  let p = start;
  let dot = start - 1;
  while (p < end) {
    const octet = bytes[p] as number;
    if (hostOctets[octet] !== 1) {
      if (octet !== Octet.dot || dot === p - 1) break;
      dot = p;
    }
    p += 1;
  }
  if (p === start || (p < end && !isPort(bytes, p, end))) return -1;
  return dot === p - 1 ? dot : p;
}

/** A colon and a number from 0 to 65535 of at most five digits. */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  const port = decimal(bytes, start + 1, end, 5);
  return bytes[start] === Octet.colon && port >= 0 && port <= highestPort;
}

function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start + 1;
  while (p < end && bytes[p] !== Octet.closing) p += 1;
  if (p >= end || !isIpv6(bytes, start + 1, p)) return -1;
  p += 1;
  return p === end || isPort(bytes, p, end) ? p : -1;
}

/** RFC 3986 section 3.2.2, IPv6address. */
function isIpv6(bytes: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let gap = false;
  let p = start;
  if (bytes[p] === Octet.colon) {
    if (end - p < 2 || bytes[p + 1] !== Octet.colon) return false;
    gap = true;
    p += 2;
  }
  while (p < end) {
    const group = p;
    while (p < end && p - group < 4 && (hexadecimal[bytes[p] as number] as number) >= 0) p += 1;
    if (p < end && bytes[p] === Octet.dot) {
      groups += 2;
      return isIpv4(bytes, group, end) && (gap ? groups < 8 : groups === 8);
    }
    if (p === group) return false;
    groups += 1;
    if (p === end) break;
    if (bytes[p] !== Octet.colon || p + 1 === end) return false;
    p += 1;
    if (bytes[p] === Octet.colon) {
      if (gap) return false;
      gap = true;
      p += 1;
    }
  }
  return gap ? groups < 8 : groups === 8;
}

/** RFC 3986 section 3.2.2, IPv4address: no leading zeros. */
function isIpv4(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  for (let part = 0; part < 4; part++) {
    const first = p;
    while (p < end && bytes[p] !== Octet.dot) p += 1;
    const value = decimal(bytes, first, p, 3);
    if (value < 0 || value > 255 || (bytes[first] === Octet.zero && p - first > 1)) return false;
    if (part < 3 && p >= end) return false;
    p += 1;
  }
  return p === end + 1;
}

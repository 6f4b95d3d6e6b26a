const mappedPrefix = "::ffff:";

/** An address as the system names it; IPv4 in IPv6 (RFC 4291, 2.5.5.2) becomes plain IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith(mappedPrefix) && address.includes(".")
    ? address.slice(mappedPrefix.length)
    : address;
}

/** True for an IPv4 or IPv6 address and for a block of them in CIDR notation (RFC 4632, RFC 4291 section 2.3). */
export function isAddressBlock(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  if (bits < 0 || rest.length > 0) return false;
  return prefix === undefined || (/^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits);
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

/** RFC 4291 section 2.2: eight groups, one run of zeros as `::`, the last two groups also as an IPv4 address. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const all = groups.flat();
  const last = all.at(-1) ?? "";
  const dotted = last.includes(".");
  if (dotted && !(isIpv4(last) && (groups.at(-1)?.length ?? 0) > 0)) return false;
  const plain = dotted ? all.slice(0, -1) : all;
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = plain.length + (dotted ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

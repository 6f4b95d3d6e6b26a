/**
 * An IP address as four words of 32 bits. IPv4 stands in IPv6's room for it (RFC 4291 section 2.5.5.2), so that
 * `10.0.0.1` and `::ffff:10.0.0.1`, which is how a dual-stack socket writes it, are the same address.
 */
export interface IpAddress {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly v4: boolean;
}

/** The addresses whose first bits are those of `first`. */
export interface AddressBlock {
  readonly first: IpAddress;
  readonly maskA: number;
  readonly maskB: number;
  readonly maskC: number;
  readonly maskD: number;
}

/**
 * An address, or null when the text is none. IPv4 is four decimal numbers without zeros before them; IPv6 is as in
 * RFC 4291 section 2.2, also in brackets and with a zone (`fe80::1%eth0`), which is left out.
 */
export function parseAddress(text: string): IpAddress | null {
  if (text.length > 80) return null;
  if (!text.includes(":")) {
    const word = parseV4(text);
    return word === null ? null : { a: 0, b: 0, c: 0xffff, d: word, v4: true };
  }
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const zone = bare.indexOf("%");
  return parseV6(zone < 0 ? bare : bare.slice(0, zone));
}

/**
 * A block in CIDR notation (RFC 4632), or one address; null when the text is neither. Bits behind the prefix are
 * ignored. A block of IPv6 holds no IPv4 address, unless it lies in `::ffff:0:0/96`: it is then one of IPv4.
 */
export function parseBlock(text: string): AddressBlock | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const short = address.v4 && !text.includes(":");
  const bits = slash < 0 ? (short ? 32 : 128) : parsePrefix(text.slice(slash + 1), short ? 32 : 128);
  if (bits === null) return null;
  const prefix = short ? bits + 96 : bits;
  const maskA = wordMask(prefix);
  const maskB = wordMask(prefix - 32);
  const maskC = wordMask(prefix - 64);
  const maskD = wordMask(prefix - 96);
  const { a, b, c, d } = address;
  const first = { a: a & maskA, b: b & maskB, c: c & maskC, d: d & maskD, v4: address.v4 && prefix >= 96 };
  return { first, maskA, maskB, maskC, maskD };
}

/** Whether the address lies in the block. */
export function contains(block: AddressBlock, address: IpAddress): boolean {
  const { first } = block;
  return (
    first.v4 === address.v4 &&
    (address.d & block.maskD) === first.d &&
    (address.c & block.maskC) === first.c &&
    (address.b & block.maskB) === first.b &&
    (address.a & block.maskA) === first.a
  );
}

function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function parsePrefix(text: string, most: number): number | null {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return null;
  const bits = Number(text);
  return bits <= most ? bits : null;
}

function parseV4(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    word = (word << 8) | Number(part);
  }
  return word;
}

function parseV6(text: string): IpAddress | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = groupsOf(halves[1] ?? "", true);
  if (head === null || tail === null) return null;
  const given = head.length + tail.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const groups = [...head, ...new Array<number>(8 - given).fill(0), ...tail];
  const word = (at: number) => ((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0);
  const [a, b, c, d] = [word(0), word(2), word(4), word(6)];
  return { a, b, c, d, v4: a === 0 && b === 0 && c === 0xffff };
}

/** Groups of 16 bits; the last may be written as an IPv4 address where `last` says that the address ends here. */
function groupsOf(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const v4 = last && index === parts.length - 1 ? parseV4(part) : null;
    if (v4 === null) return null;
    groups.push(v4 >>> 16, v4 & 0xffff);
  }
  return groups;
}

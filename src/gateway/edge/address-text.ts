import { type IpAddress, parseAddress } from "../routing/address-block.ts";

/** Bytes of an address: 4 of IPv4, 16 of IPv6. */
export function writeAddress(out: Uint8Array, at: number, address: IpAddress, bytes: 4 | 16): number {
  const view = new DataView(out.buffer, out.byteOffset + at, bytes);
  if (bytes === 4) view.setInt32(0, address.d);
  else {
    view.setInt32(0, address.a);
    view.setInt32(4, address.b);
    view.setInt32(8, address.c);
    view.setInt32(12, address.d);
  }
  return at + bytes;
}

/** The address that stands in 4 or 16 bytes, as text; IPv4 in IPv6 (`::ffff:0:0/96`) is IPv4. */
export function readAddress(bytes: Uint8Array, at: number, length: 4 | 16): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  if (length === 4) return dotted(view.getUint32(0));
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return dotted(view.getUint32(12));
  return compressed(groups);
}

/** An address in the one form that RFC 5952 section 4 gives it; null when the text is none. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  if (address === null) return null;
  const bytes = new Uint8Array(16);
  writeAddress(bytes, 0, address, 16);
  return readAddress(bytes, 0, 16);
}

function dotted(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** The longest run of two or more zero groups, the first of equally long ones, becomes `::`. */
function compressed(groups: number[]): string {
  let from = -1;
  let longest = 1;
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - start > longest) {
      from = start;
      longest = end - start;
    }
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  return from < 0 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + longest))}`;
}

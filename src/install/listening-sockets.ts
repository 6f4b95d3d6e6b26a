export interface ListeningSocket {
  address: string;
  port: number;
  /** Inode of the socket, as `/proc/PID/fd` names it. */
  inode: string;
}

const listenState = "0A";
const wordDigits = 8;

/** Sockets in state LISTEN of a `/proc/net/tcp` or `/proc/net/tcp6` (proc_net_tcp in the kernel's documentation). */
export function listeningSockets(table: string): ListeningSocket[] {
  return table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port] = local?.split(":") ?? [];
    if (state !== listenState || !address || !port || !inode) return [];
    return [{ address: parseAddress(address), port: Number.parseInt(port, 16), inode }];
  });
}

export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "";
}

/** The kernel prints each 32-bit word of an address in the machine's own order, which is little endian where Node runs. */
function parseAddress(hex: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < hex.length; at += wordDigits) {
    const word = hex.slice(at, at + wordDigits).match(/../g) ?? [];
    bytes.push(...word.reverse().map((byte) => Number.parseInt(byte, 16)));
  }
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.slice(12).join(".");
  if (bytes.every((byte) => byte === 0)) return "::";
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  return shorten(groups.map((group) => group.toString(16)));
}

/** RFC 5952: the longest run of zero groups, of two or more, becomes `::`. */
function shorten(groups: string[]): string {
  let start = 0;
  let length = 0;
  for (let at = 0; at < groups.length; at += 1) {
    let end = at;
    while (groups[end] === "0") end += 1;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

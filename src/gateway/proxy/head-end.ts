/** An address and a port as Host has them. */
export function authorityOf(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Whether an empty line may end in these bytes, whatever came before them. */
export function endsHead(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = bytes.indexOf(10, start); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) {
    // What came before may have ended with a line end.
    if (at - start < 3) return true;
    const before = bytes[at - 1];
    if (before === 10 || (before === 13 && bytes[at - 2] === 10)) return true;
  }
  return false;
}
